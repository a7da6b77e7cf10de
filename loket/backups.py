"""`loket backup`, `loket following` and `loket restore`: all databases, with their keys."""

import asyncio
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loket.output import AsJson, as_json, console, errors, table

if TYPE_CHECKING:
    from local.following import Follower


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    app.command()(backup)
    app.command()(following)
    app.command()(restore)


def backup(
    folder: Annotated[
        Path, typer.Argument(help="A new folder, or one to follow on. It will hold secrets.")
    ],
    follow: Annotated[
        bool, typer.Option("--follow", help="Copy what comes after it, too, until stopped.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Copy all databases of the running platform as they are now, and the keys."""
    from local.backup import back_up
    from local.backup import follow as copy_on
    from local.paths import home

    place = folder.resolve()
    if not (follow and place.exists()):
        made = back_up(home(), place, to_follow=follow)
        if json:
            as_json(vars(made))
        else:
            console.print(
                f"{sum(made.facts.values())} facts and more are in {folder}, with all keys."
            )
        sys.stdout.flush()
    if follow:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        copy_on(home(), place, stop, errors.print)


def following(json: AsJson = False) -> None:
    """Show which archives follow the running platform, and how far each of them is behind.

    Exit code 1 when none does.
    """
    found = asyncio.run(_followers())
    if json:
        as_json([vars(one) for one in found])
    else:
        rows = [
            (
                one.slot,
                "yes" if one.active else "no",
                "place lost" if one.is_lost else str(one.behind_bytes),
            )
            for one in found
        ]
        table("Archives", ("slot", "follows", "bytes behind"), rows)
    raise typer.Exit(0 if any(one.active for one in found) else 1)


async def _followers() -> "list[Follower]":
    from local.errors import StackError
    from local.following import followers
    from local.paths import home
    from local.stack import postgres_of
    from local.state import is_running, read

    found = read(home())
    if found is None or not is_running(home()) or not found.database:
        raise StackError("Nothing is running: start it with `loket up`.")
    return await followers(postgres_of(found).server)


def restore(
    folder: Annotated[Path, typer.Argument(help="What `loket backup` made.", exists=True)],
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Replay a log with gaps or damage up to there.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Put a backup in the place of databases and keys, and set Kafka's data aside.

    What followed the backup is replayed to its end.
    """
    from local.backup import restore as put_back
    from local.paths import home

    done = put_back(home(), folder.resolve(), incomplete=incomplete)
    if json:
        aside = [str(one) for one in done.aside]
        as_json({**vars(done.backup), "last_commit": done.last_commit, "set_aside": aside})
    else:
        console.print(f"The state of {done.backup.made_at} is back.")
        if done.last_commit is not None:
            console.print(f"What followed is, too: the last commit was at {done.last_commit}.")
        for one in done.aside:
            console.print(f"Set aside: {one}")
        console.print("Next: `loket up`, then `loket reconcile --repair`, then `loket verify`.")
