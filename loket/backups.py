"""`loket backup` and `loket restore`: all databases of one moment, with their keys."""

from pathlib import Path
from typing import Annotated

import typer

from loket.output import AsJson, as_json, console


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    app.command()(backup)
    app.command()(restore)


def backup(
    folder: Annotated[Path, typer.Argument(help="A new folder. It will hold secrets.")],
    json: AsJson = False,
) -> None:
    """Copy all databases of the running platform as they are now, and the keys."""
    from local.backup import back_up
    from local.paths import home

    made = back_up(home(), folder.resolve())
    if json:
        as_json(vars(made))
    else:
        console.print(f"{sum(made.facts.values())} facts and more are in {folder}, with all keys.")


def restore(
    folder: Annotated[Path, typer.Argument(help="What `loket backup` made.", exists=True)],
    json: AsJson = False,
) -> None:
    """Put a backup in the place of databases and keys, and set Kafka's data aside."""
    from local.backup import restore as put_back
    from local.paths import home

    made, aside = put_back(home(), folder.resolve())
    if json:
        as_json({**vars(made), "set_aside": [str(one) for one in aside]})
    else:
        console.print(f"The state of {made.made_at} is back.")
        for one in aside:
            console.print(f"Set aside: {one}")
        console.print("Next: `loket up`, then `loket reconcile --repair`, then `loket verify`.")
