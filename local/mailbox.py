"""A mail server that delivers to nobody: every message becomes a file, and a small list shows them.

`python -m local.mailbox` serves it for the demo. The mails may name people, so the directory is
private and nothing of them is logged.
"""

import asyncio
import contextlib
import os
import re
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from chassis import clock
from local import paths

SHOWN = 200
MAX_BYTES = 5_000_000
NAME = re.compile(r"[0-9]{20}-[0-9a-f]{8}")


class Mailbox:
    """Takes mails from SMTP and keeps each as a file named by its time of arrival."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep the message, then say so."""
        del server, session
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        await asyncio.to_thread(self.keep, content)
        return "250 kept"

    def keep(self, content: bytes) -> None:
        """Store one message; it is there as a whole or not at all."""
        name = f"{int(clock.now().timestamp() * 1_000_000):020d}-{secrets.token_hex(4)}"
        part = self.folder / f"{name}.part"
        part.write_bytes(content)
        part.rename(self.folder / f"{name}.eml")

    def newest(self) -> list[dict[str, str]]:
        """The newest messages, newest first: id, time, recipient, subject and Message-ID."""
        files = sorted(self.folder.glob("*.eml"), reverse=True)[:SHOWN]
        return [self._summary(file) for file in files]

    def text(self, name: str) -> str | None:
        """One whole message, or None."""
        file = self.folder / f"{name}.eml"
        if NAME.fullmatch(name) is None or not file.exists():
            return None
        return file.read_text(encoding="utf-8", errors="replace")

    def _summary(self, file: Path) -> dict[str, str]:
        message = message_from_bytes(file.read_bytes(), policy=default)
        arrived = datetime.fromtimestamp(int(file.stem.partition("-")[0]) / 1_000_000, UTC)
        return {
            "id": file.stem,
            "received_at": arrived.isoformat(),
            "to": str(message["To"] or ""),
            "subject": str(message["Subject"] or ""),
            "message_id": str(message["Message-ID"] or ""),
        }


def application(mailbox: Mailbox, host: str, smtp_port: int) -> Starlette:
    """The list of mails as an ASGI application that also runs the SMTP server."""

    @contextlib.asynccontextmanager
    async def with_smtp(_: Starlette) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(mailbox, data_size_limit=MAX_BYTES, hostname="mailbox.local"),
            host,
            smtp_port,
        )
        async with server:
            yield

    async def messages(_: Request) -> Response:
        return JSONResponse(await asyncio.to_thread(mailbox.newest))

    async def message(request: Request) -> Response:
        text = await asyncio.to_thread(mailbox.text, request.path_params["id"])
        if text is None:
            return JSONResponse({"detail": "there is no such message"}, status_code=404)
        return PlainTextResponse(text)

    async def alive(_: Request) -> Response:
        return PlainTextResponse("alive")

    return Starlette(
        lifespan=with_smtp,
        routes=[
            Route("/messages", messages),
            Route("/messages/{id}", message),
            Route("/livez", alive),
            Route("/readyz", alive),
        ],
    )


def main() -> None:
    """Serve until SIGTERM. Reads LOKET_HOME, LOKET_HTTP_HOST, LOKET_HTTP_PORT, LOKET_SMTP_PORT."""
    host = os.environ.get("LOKET_HTTP_HOST", "127.0.0.1")
    port = int(os.environ.get("LOKET_HTTP_PORT", "8111"))
    smtp_port = int(os.environ.get("LOKET_SMTP_PORT", "8025"))
    served = application(Mailbox(paths.home() / "mail"), host, smtp_port)
    uvicorn.run(served, host=host, port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
