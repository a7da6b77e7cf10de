"""What the tests of the local stack share: directories that `nobody` can enter."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A directory which an unprivileged user can enter, as root needs it for PostgreSQL."""
    folder = Path(tempfile.mkdtemp(prefix="loket-local-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)
