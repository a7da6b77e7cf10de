"""`loket archive` and `loket bring-back`: old blocks of the event logs, out and in again."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from loket.output import AsJson, as_json, console, errors


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    app.command()(archive)
    app.command("bring-back")(bring_back)


def archive(
    folder: Annotated[Path, typer.Argument(help="Where the files go.")],
    months: Annotated[int, typer.Option(min=1, help="How old the newest fact must be.")] = 12,
    json: AsJson = False,
) -> None:
    """Move old blocks of the event logs into files, once all in them is sent and proved."""
    from local.archive import archive as move
    from local.paths import home

    blocks = asyncio.run(move(home(), folder.resolve(), months=months, progress=errors.print))
    if json:
        as_json([vars(block) for block in blocks])
        return
    moved = [block for block in blocks if not block.kept_because]
    facts = sum(block.facts for block in moved)
    console.print(f"{len(moved)} of {len(blocks)} full blocks left the logs, with {facts} facts.")


def bring_back(
    file: Annotated[Path, typer.Argument(help="What `loket archive` wrote.", exists=True)],
    json: AsJson = False,
) -> None:
    """Put an archived block back into its log."""
    from local.archive import bring_back as put_back
    from local.paths import home

    block = asyncio.run(put_back(home(), file.resolve()))
    if json:
        as_json(vars(block))
    else:
        console.print(f"{block.facts} facts are back in the log of {block.service}.")
