"""What the tests of the local stack share: directories that `nobody` can enter, and servers."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import testing
from local.testing import Servers


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A directory which an unprivileged user can enter, as root needs it for PostgreSQL."""
    folder = Path(tempfile.mkdtemp(prefix="loket-local-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """The pair of LOKET_TEST_STACK, or one of our own."""
    with testing.servers() as found:
        yield found
