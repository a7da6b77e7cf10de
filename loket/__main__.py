"""Where `loket` begins: its verbs, and what a person sees when one of them cannot do its work.

Exit codes: 0 all is well; 1 a check found a difference, or something is ill; 2 wrong use or
something that the person must change first; 130 interrupted.
"""

import sys

import typer

from loket import access, archives, backups, checks, parked, plays, reconciling, running

app = typer.Typer(
    name="loket",
    help="Many agencies, one counter: run the platform, watch it, check it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
running.add_to(app)
access.add_to(app)
plays.add_to(app)
checks.add_to(app)
reconciling.add_to(app)
backups.add_to(app)
archives.add_to(app)
app.add_typer(parked.app, name="parked")
app.add_typer(checks.catalogue, name="catalogue")


def main() -> None:
    """Run the command line; every failure that we foresee ends with one sentence."""
    from local.errors import StackError

    try:
        app()
    except StackError as problem:
        sys.stderr.write(f"{problem}\n")
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
