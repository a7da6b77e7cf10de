"""`loket reconcile`: Kafka against the event logs, and what Kafka lacks sent again."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from loket.output import AsJson, as_json, console, errors, table

if TYPE_CHECKING:
    from chassis.reconcile import Difference

_TELL_EVERY = 100_000
_SHOWN = (
    "service",
    "facts",
    "records",
    "lacking",
    "sent_again",
    "archived",
    "unknown",
    "contradicting",
)


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command()(reconcile)


def reconcile(
    service: Annotated[str | None, typer.Option(help="One service; all when left out.")] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Have the relays send what Kafka lacks.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Compare what Kafka holds with what the services' event logs have sent.

    Exit code 1 when Kafka lacks something that was not repaired, or holds facts that no log knows.
    """
    from local.plan import SERVICES

    if service is not None and service not in SERVICES:
        errors.print(f"There is no service {service!r}; choose one of {', '.join(SERVICES)}.")
        raise typer.Exit(2)
    found = asyncio.run(_all([service] if service else list(SERVICES), repair=repair))
    if json:
        as_json([one.as_json() for one in found])
    else:
        _print(found)
    strange = any(one.unknown or one.contradicting for one in found)
    lacking = any(one.lacking for one in found) and not repair
    raise typer.Exit(1 if strange or lacking else 0)


async def _all(services: list[str], *, repair: bool) -> "list[Difference]":
    from chassis.reconcile import reconcile as compare
    from contracts.access import OPERATOR
    from local.errors import StackError
    from local.stack import postgres_of
    from local.state import read
    from simulator.platform import find

    platform = find()
    found = read(platform.home)
    if found is None:
        raise StackError("Nothing is running: start it with `loket up`.")
    postgres = postgres_of(found)
    return [
        await compare(
            postgres.url(name, f"{name}_relay"),
            platform.kafka(OPERATOR),
            name,
            repair=repair,
            progress=_told(name),
        )
        for name in services  # one by one: the machine has other work
    ]


def _told(service: str) -> Callable[[str, int], None]:
    steps = {"": 0}

    def tell(what: str, count: int) -> None:
        if count // _TELL_EVERY > steps.get(what, 0):
            steps[what] = count // _TELL_EVERY
            errors.print(f"{service}: {count} {what}")

    return tell


def _print(found: "list[Difference]") -> None:
    rows = [tuple(str(getattr(one, figure)) for figure in _SHOWN) for one in found]
    columns = tuple(figure.replace("_", " ") for figure in _SHOWN)
    table("Kafka against the event logs", columns, rows)
    for one in found:
        for example in one.examples:
            console.print(f"[red]{one.service}: {example}[/red]")
    if any(one.lacking and not one.sent_again for one in found):
        console.print("Next: `loket reconcile --repair`.")
