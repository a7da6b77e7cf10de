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

    Exit code 1 when anything is lost, doubled, out of order or altered.
    """
    from simulator.platform import find

    result = asyncio.run(_audit_of(find()))
    if json:
        as_json(result.as_json())
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
        console.print(
            "Everything agrees." if result.is_good else "[red]There are differences.[/red]"
        )
    raise typer.Exit(0 if result.is_good else 1)


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
