"""A second process of a service beside the one that the stack runs, on the same database."""

import asyncio
import subprocess
import sys
from pathlib import Path

import httpx
import psutil

from local import control, paths, processes
from local.processes import Recipe

_READY_SECONDS, _LOOK_SECONDS = 60.0, 0.1


class Second:
    """Started like the first one, on a port of its own; killed and started again at will."""

    def __init__(self, home: Path, name: str) -> None:
        first = control.find(home, name)
        if first.pid is None:
            raise RuntimeError(f"{name} does not run, so that nothing can run beside it")
        port = processes.free_port(frozenset())
        self.url = f"http://127.0.0.1:{port}"
        environment = {**psutil.Process(first.pid).environ(), "LOKET_HTTP_PORT": str(port)}
        self._recipe = Recipe(
            [sys.executable, "-m", f"services.{name}"],
            home / "logs" / f"{name}-second.log",
            paths.REPOSITORY,
            environment,
        )
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; from the thread that lives as long as it should."""
        self._child = processes.spawn(self._recipe)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    async def ready(self) -> None:
        """Return once it is ready. Raises TimeoutError, or RuntimeError when it has ended."""
        async with (
            asyncio.timeout(_READY_SECONDS),
            httpx.AsyncClient(trust_env=False, timeout=2) as http,
        ):
            while not await self._is_ready(http):
                if self._child is None or self._child.poll() is not None:
                    raise RuntimeError(f"it has ended: see {self._recipe.log}")
                await asyncio.sleep(_LOOK_SECONDS)

    async def _is_ready(self, http: httpx.AsyncClient) -> bool:
        try:
            return (await http.get(f"{self.url}/readyz")).is_success
        except httpx.HTTPError:
            return False
