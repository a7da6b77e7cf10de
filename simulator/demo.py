"""The demo: a morning plays, the live stream scrolls by, then trail and read model are compared."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from chassis.kafka import new_producer
from local.credentials import SIMULATOR
from simulator.audit import FAULTS, Audit, audit
from simulator.morning import ZONE, Morning, Story
from simulator.platform import Calls, Platform


@dataclass(frozen=True)
class Trail:
    """One application as three places tell it, in order: event ids and words."""

    read_model: list[dict[str, Any]]
    ledger: list[dict[str, Any]]

    @property
    def agrees(self) -> bool:
        """The read model shows what the ledger holds, in the same order, and nothing else."""
        return bool(self.read_model) and _by_publisher(self.read_model) == _by_publisher(
            self.ledger
        )


async def demo(
    platform: Platform, console: Console, *, english: bool = False
) -> tuple[Trail, Audit]:
    """Play, then compare. Raises Answered or TimeoutError when the platform does not play along."""
    language = "en" if english else "id"
    async with Calls(platform) as calls, producer_of(platform) as producer:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task("A morning in MPP Nusantara")
            morning = Morning(calls, producer, step=lambda: progress.advance(task))
            progress.update(task, total=morning.steps())
            async with _scrolling(calls, progress.console, language):
                story = await morning.play()
                found = await _agreed_trail(calls, story)
        result = await audit(calls)
    _show(console, found, result, language)
    return found, result


def _by_publisher(entries: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Ids in order, for each publisher: between publishers there is no order to agree on."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        found.setdefault(entry["type"].partition(".")[0], []).append(entry["event_id"])
    return found


@contextlib.asynccontextmanager
async def producer_of(platform: Platform) -> AsyncIterator[Any]:
    """A started producer, as an agency has one."""
    producer = new_producer(platform.kafka(SIMULATOR), "simulator")
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@contextlib.asynccontextmanager
async def _scrolling(calls: Calls, console: Console, language: str) -> AsyncIterator[None]:
    """Print the live stream, in plain words, for as long as the block runs."""
    listening = asyncio.create_task(_listen(calls, console, language))
    try:
        yield
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _listen(calls: Calls, console: Console, language: str) -> None:
    headers = await calls.bearer("operator")
    url = f"{calls.platform.urls['tracking']}/v1/stream"
    async with (
        httpx.AsyncClient(timeout=httpx.Timeout(10, read=None), trust_env=False) as client,
        client.stream(
            "GET", url, headers={**headers, "Last-Event-ID": str(await _position(calls))}
        ) as stream,
    ):
        async for line in stream.aiter_lines():
            if line.startswith("data:"):
                entry = json.loads(line[5:])
                if language in entry:
                    console.print(f"[dim]{_clock(entry)}[/dim]  {entry[language]}")


def _clock(entry: dict[str, Any]) -> str:
    """When it happened, as the clocks in the mall show it."""
    return datetime.fromisoformat(entry["time"]).astimezone(ZONE).strftime("%H:%M:%S")


async def _position(calls: Calls) -> int:
    page = await calls.get(
        "tracking", "/v1/timeline", headers=await calls.bearer("operator"), limit=1
    )
    return int(page["position"])


async def _agreed_trail(calls: Calls, story: Story, patience_seconds: float = 20) -> Trail:
    """The application's trail, once both places have it all; as it is when patience ends."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience_seconds
    while True:
        trail = await _trail(calls, story)
        complete = any(
            entry["type"] == "tracking.application_completed.v1" for entry in trail.read_model
        )
        if (complete and trail.agrees) or loop.time() > deadline:
            return trail
        await asyncio.sleep(0.2)


async def _trail(calls: Calls, story: Story) -> Trail:
    headers = await calls.bearer("operator")
    page = await calls.get(
        "tracking", f"/v1/applications/{story.application_id}/timeline", headers=headers, limit=1000
    )
    chain = await calls.get(
        "ledger", f"/v1/chains/{story.application_id}", headers=headers, limit=500
    )
    # The ledger also holds the answers to agencies, which are nobody's timeline.
    held = [entry for entry in chain if not entry["topic"].startswith("agency.")]
    return Trail(page["entries"], held)


def _show(console: Console, trail: Trail, result: Audit, language: str) -> None:
    table = Table(
        title="The application, as the read model tells it and as the ledger holds it",
        box=None,
        title_justify="left",
    )
    for column in ("time", "what happened", "ledger entry", "hash"):
        table.add_column(column, no_wrap=column != "what happened")
    by_id = {entry["event_id"]: entry for entry in trail.ledger}
    for entry in trail.read_model:
        held = by_id.get(entry["event_id"])
        table.add_row(
            _clock(entry),
            entry[language],
            f"#{held['position']}" if held else "[red]missing[/red]",
            held["hash"][:12] if held else "",
        )
    console.print(table)
    console.print(
        "Trail and read model agree." if trail.agrees else "[red]Trail and read model differ.[/red]"
    )
    for place in result.places:
        for example in place.examples:
            console.print(f"[red]{place.name}: {example}[/red]")


def last_line(result: Audit) -> str:
    """The counts, for people and programs."""
    faults = " ".join(f"{what}={result.total(what)}" for what in FAULTS)
    return f"demo: facts={result.facts} {faults} resent={result.resent}"


def run(platform: Platform, console: Console, *, english: bool = False) -> tuple[bool, Audit]:
    """The demo as a command; whether everything agrees, and the counts."""
    trail, result = asyncio.run(demo(platform, console, english=english))
    return trail.agrees and result.is_good, result
