"""`loket parked list`, `redrive`, `dismiss`: records that could not be applied."""

import asyncio
from typing import Annotated, Any

import typer

from loket.output import AsJson, as_json, console, errors, table

app = typer.Typer(
    help="Records that could not be applied, with their reasons.", no_args_is_help=True
)


@app.command("list")
def list_parked(json: AsJson = False) -> None:
    """Show what is parked in every service; exit code 1 when there is anything."""
    rows = asyncio.run(_waiting())
    if json:
        as_json(rows)
    elif not rows:
        console.print("Nothing is parked.")
    else:
        columns = ("service", "id", "consumer", "key", "reason", "holds back", "since")
        names = ("service", "id", "consumer", "key", "reason", "blocking", "parked_at")
        table("Parked records", columns, [tuple(str(row[name]) for name in names) for row in rows])
        console.print("Next: mend the cause, then `loket parked redrive SERVICE ID`.")
    raise typer.Exit(1 if rows else 0)


@app.command()
def redrive(
    service: Annotated[str, typer.Argument(help="The service that parked it.")],
    parked_id: Annotated[int, typer.Argument(help="Its number in `loket parked list`.")],
    json: AsJson = False,
) -> None:
    """Apply a parked record and those behind it again, as the operator of this machine."""
    _settle(service, parked_id, "redrive", json=json)


@app.command()
def dismiss(
    service: Annotated[str, typer.Argument(help="The service that parked it.")],
    parked_id: Annotated[int, typer.Argument(help="Its number in `loket parked list`.")],
    json: AsJson = False,
) -> None:
    """Settle a record that nobody will mend, such as an unreadable report."""
    _settle(service, parked_id, "dismiss", json=json)


def _settle(service: str, parked_id: int, verb: str, *, json: bool) -> None:
    from local.plan import SERVICES
    from simulator.platform import Answered

    if service not in SERVICES:
        errors.print(f"There is no service {service!r}; choose one of {', '.join(SERVICES)}.")
        raise typer.Exit(2)
    try:
        settled = asyncio.run(_ask(service, parked_id, verb))
    except Answered as refused:
        errors.print(f"{refused.problem.get('title_en')} ({refused.code}).")
        raise typer.Exit(1) from None
    if json:
        as_json({"settled": settled})
    else:
        console.print(f"{settled} records were settled.")


async def _waiting() -> list[dict[str, Any]]:
    from local.plan import SERVICES
    from simulator.platform import Calls, find

    async with Calls(find()) as calls:
        headers = await calls.bearer("operator")
        pages = await asyncio.gather(
            *(calls.get(service, "/v1/parked", headers=headers, limit=1000) for service in SERVICES)
        )
    return [
        {"service": service, **row}
        for service, page in zip(SERVICES, pages, strict=True)
        for row in page
    ]


async def _ask(service: str, parked_id: int, verb: str) -> int:
    from contracts.ids import uuid7
    from simulator.platform import Calls, find

    async with Calls(find()) as calls:
        answer = await calls.post(
            service,
            f"/v1/parked/{parked_id}/{verb}",
            {},
            key=f"{verb}-{uuid7()}",
            headers=await calls.bearer("operator"),
        )
    return int(answer["settled"])
