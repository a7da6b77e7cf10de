"""`loket verify` and `loket catalogue check`: what is there against what should be."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loket.output import AsJson, as_json, console, table

if TYPE_CHECKING:
    from simulator.audit import Audit
    from simulator.platform import Platform

catalogue = typer.Typer(help="The catalogue of malls, agencies, services and journeys.")


@catalogue.callback()
def _catalogue() -> None:
    """The catalogue of malls, agencies, services and journeys."""


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    app.command()(verify)


def verify(json: AsJson = False) -> None:
    """Hold Kafka, ledger and read model of the running platform against its facts.

    Exit code 1 when anything is lost, doubled, out of order or altered, or when the ledger is not
    what a checkpoint on Kafka says.
    """
    from simulator.platform import find

    platform = find()
    result = asyncio.run(_audit_of(platform))
    rolled_back = asyncio.run(_against_checkpoints(platform))
    is_good = result.is_good and not rolled_back
    if json:
        as_json({**result.as_json(), "checkpoints": rolled_back, "good": is_good})
    else:
        columns = ("place", "lost", "doubled", "misordered", "altered")
        rows = [
            (one.name, str(one.lost), str(one.doubled), str(one.misordered), str(one.altered))
            for one in result.places
        ]
        table(f"{result.facts} facts", columns, rows)
        for place in result.places:
            for example in place.examples:
                console.print(f"[red]{place.name}: {example}[/red]")
        for difference in rolled_back:
            console.print(f"[red]ledger: {difference}[/red]")
        console.print("Everything agrees." if is_good else "[red]There are differences.[/red]")
    raise typer.Exit(0 if is_good else 1)


async def _against_checkpoints(platform: "Platform") -> list[str]:
    """What the ledger contradicts of the checkpoints that Kafka holds."""
    from contracts.access import OPERATOR
    from local.checkpoints import differences, published
    from local.errors import StackError
    from local.stack import postgres_of
    from local.state import read

    kept = await published(platform.kafka(OPERATOR))  # before the ledger: that only grows
    found = read(platform.home)
    if found is None:
        raise StackError("Nothing is running: start it with `loket up`.")
    ledger = await postgres_of(found).server.connect("ledger")
    try:
        return await differences(ledger, kept)
    finally:
        await ledger.close()


async def _audit_of(platform: "Platform") -> "Audit":
    from simulator.audit import audit
    from simulator.platform import Calls

    async with Calls(platform) as calls:
        return await audit(calls)


@catalogue.command("check")
def check(
    root: Annotated[
        Path | None, typer.Argument(help="Folder to check; ours when left out.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Check the catalogue's files; exit code 1 when there is a mistake."""
    from catalogue.checker import check as find_mistakes
    from catalogue.load import DATA

    findings = find_mistakes(root or DATA)
    if json:
        as_json(
            [
                {"file": str(one.file), "line": one.line, "rule": one.rule, "message": one.message}
                for one in findings
            ]
        )
    else:
        for one in findings:
            console.print(str(one), markup=False)
        console.print(
            "The catalogue is in order." if not findings else f"{len(findings)} mistakes."
        )
    raise typer.Exit(1 if findings else 0)
