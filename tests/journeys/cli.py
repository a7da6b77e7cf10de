"""Runs the command line `loket` as people do: a process of its own, its output, its exit code."""

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local import paths

SECONDS = 150


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The one document on standard output."""
        return json.loads(self.out)


async def loket(environment: Mapping[str, str], *arguments: str) -> Ended:
    """Run it to its end, which is bounded."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "loket",
        *arguments,
        cwd=paths.REPOSITORY,
        env=dict(environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())
