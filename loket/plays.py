"""`loket demo`, `replay` and `rush`: the platform at work, on a stack that runs or an own one."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from loket.output import AsJson, as_json, console, errors

_STANDARD = "Column or key of the {}; the IEEE XES standard key when left out."


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    app.command()(demo)
    app.command()(replay)
    app.command()(day)
    app.command()(rush)


@contextmanager
def _stack() -> Iterator[None]:
    """A running stack: the one that is there, else one that is stopped again at the end."""
    from local import stack

    _, ran_already = stack.up(stack.options_from(), console=errors)
    try:
        yield
    finally:
        if not ran_already:
            stack.down()


def demo(
    english: Annotated[bool, typer.Option("--english", help="Words in English.")] = False,
    json: AsJson = False,
) -> None:
    """Play a morning in one mall; exit code 1 when trail and read model differ."""
    from simulator import demo as play
    from simulator.platform import find

    with _stack():
        good, result = play.run(find(), errors if json else console, english=english)
    if json:
        as_json({"good": good, "audit": result.as_json()})
    else:
        print(play.last_line(result))
    raise typer.Exit(0 if good else 1)


def replay(
    log: Annotated[Path, typer.Argument(help="CSV or IEEE XES, plain or .gz.", exists=True)],
    case: Annotated[str | None, typer.Option(help=_STANDARD.format("case"))] = None,
    activity: Annotated[str | None, typer.Option(help=_STANDARD.format("activity"))] = None,
    time: Annotated[str | None, typer.Option(help=_STANDARD.format("time"))] = None,
    group: Annotated[str | None, typer.Option(help=_STANDARD.format("group"))] = None,
    role: Annotated[str | None, typer.Option(help=_STANDARD.format("role"))] = None,
    resource: Annotated[str | None, typer.Option(help=_STANDARD.format("resource"))] = None,
    lifecycle: Annotated[str | None, typer.Option(help=_STANDARD.format("lifecycle"))] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="Of a CSV; found out when left out.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Another name makes other applications.")] = None,
    lanes: Annotated[int, typer.Option(help="Reports under way at once.")] = 192,
    limit: Annotated[int | None, typer.Option(help="Take so many events only.")] = None,
    json: AsJson = False,
) -> None:
    """Drive a real process log through the platform as agencies reporting, and compare the trail.

    Exit code 0: all arrived once and in order; 1: faults; 2: some rows could not be read.
    """
    from simulator.logs.rows import Columns
    from simulator.replay import ReplayOptions, main

    named = {
        "case": case,
        "activity": activity,
        "time": time,
        "group": group,
        "role": role,
        "resource": resource,
        "lifecycle": lifecycle,
    }
    try:
        options = ReplayOptions(
            log,
            Columns(**{column: chosen for column, chosen in named.items() if chosen is not None}),
            delimiter=delimiter,
            name=name,
            lanes=lanes,
            limit=limit,
            as_json=json,
        )
    except ValueError as wrong:
        errors.print(f"{wrong}.")
        raise typer.Exit(2) from None
    with _stack():
        code = main(options)
    raise typer.Exit(code)


def rush(
    seed: Annotated[int, typer.Option(help="The same seed, the same people.")] = 1,
    places: Annotated[int, typer.Option(min=1, max=80_000)] = 400,
    people: Annotated[int, typer.Option(min=1)] = 5_000,
    tries: Annotated[int, typer.Option(min=1, max=20, help="Of each, at most.")] = 3,
    spread: Annotated[
        int, typer.Option(min=1, max=3600, help="Seconds over which a room spreads turns.")
    ] = 60,
    mode: Annotated[str, typer.Option(help="room, lottery, first_come (no room), or all.")] = "all",
) -> None:
    """Let a crowd rush for the places of a day, and show whether it was sold once and fairly.

    Exit code 1 when a place was sold twice, was not sold, or is not its winner's.
    """
    from simulator.platform import find
    from simulator.rush import run as play

    if mode not in {*play.MODES, "all"}:
        errors.print(f"{mode} is no mode: choose one of {', '.join(play.MODES)} and all.")
        raise typer.Exit(2)
    modes = play.MODES if mode == "all" else (mode,)
    options = play.Options(seed, places, people, tries, spread, modes)
    with _stack():
        found = play.run(find(), options, console)
    print(found[-1].line)
    raise typer.Exit(0 if all(one.verdict.is_good for one in found) else 1)


def day(
    date: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A Monday when left out.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Equal seeds make equal days.")] = 1,
    visits: Annotated[int, typer.Option(min=1, help="How many visits.")] = 350,
    home: Annotated[Path | None, typer.Option(help="Of the platform that plays it.")] = None,
) -> None:
    """Play a whole day in one mall on a clock of its own, on a platform with empty data.

    Eight hours in about a minute; a picture of waiting and service lies in the home afterwards.
    Exit code 0: numbers, calls and places are right; 1: they are not.
    """
    from local import paths
    from simulator.day import run as play

    options = play.Options(
        home or paths.REPOSITORY / ".loket" / "day",
        date.date() if date else play.MONDAY,
        seed,
        visits,
    )
    report = play.main(options, console)
    print(report.line)
    raise typer.Exit(0 if report.is_good else 1)
