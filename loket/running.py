"""`loket up`, `down`, `restart`, `status`, `logs`: the stack on this machine."""

from typing import TYPE_CHECKING, Annotated

import typer

from loket.output import AsJson, as_json, console, errors, table

if TYPE_CHECKING:
    from local.state import StackState
    from local.status import ProcessStatus

Brokers = Annotated[int, typer.Option(min=1, max=3, help="Kafka brokers to start.")]


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    for verb in (up, down, restart, status, logs, token):
        app.command()(verb)


def up(
    brokers: Brokers = 1,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin with empty data.")] = False,
    json: AsJson = False,
) -> None:
    """Start Kafka, PostgreSQL and the five services, and leave them running."""
    from local import stack

    found, ran_already = stack.up(stack.options_from(brokers=brokers), fresh=fresh, console=errors)
    if json:
        as_json({"already_running": ran_already, **found.model_dump(mode="json")})
        return
    if ran_already:
        console.print("Already running, since " + found.since)
    _print_addresses(found)


def _print_addresses(found: "StackState") -> None:
    urls = found.urls
    from local.plan import SERVICES

    rows = [
        ("Live stream and tracker", urls["tracking"] + "/"),
        ("E-mail sent in the demo", urls["mailbox"] + "/messages"),
        *((f"API of {name}", urls[name] + "/docs") for name in SERVICES),
        ("Metrics, one per service", urls["tracking"] + "/metrics"),
        ("Event catalogue", urls["tracking"] + "/events"),
        ("Kafka", found.bootstrap),
        ("PostgreSQL", found.database),
        ("Token for the live stream", "loket token operator"),
        ("Clients and their secrets", str(found.home / "identity" / "secrets.json")),
    ]
    table("Loket is running", ("what", "where"), rows)
    console.print("Next: `make demo`, `make status`, `make logs`; `make down` stops it.")


def down(json: AsJson = False) -> None:
    """Stop everything that `loket up` started. The data stay."""
    from local import stack

    stopped = stack.down()
    if json:
        as_json({"stopped": stopped})
    else:
        console.print("Stopped." if stopped else "Nothing was running.")


def restart(name: Annotated[str, typer.Argument(help="Such as booking, tracking.")]) -> None:
    """End one service gracefully and wait until it is ready again."""
    from local import control, paths

    control.restart(paths.home(), name)
    console.print(f"{name} is ready again.")


def status(json: AsJson = False) -> None:
    """How each process does; exit code 1 when one is ill or nothing runs."""
    from local.status import status as look

    found = look()
    if json:
        as_json(found.model_dump(mode="json") | {"healthy": found.healthy})
    elif not found.running:
        console.print("Nothing is running. `make up` starts it.")
    else:
        columns = (
            "process",
            "state",
            "pid",
            "up",
            "restarts",
            "memory",
            "outbox",
            "lag",
            "address",
        )
        table(f"Loket is {found.phase}", columns, [_row(one) for one in found.processes])
    raise typer.Exit(0 if found.healthy else 1)


def _row(one: "ProcessStatus") -> tuple[str, ...]:
    def told(value: float | None, form: str) -> str:
        return "" if value is None else form.format(value)

    state = one.state if one.healthy else f"[red]{one.state}[/red]"
    return (
        one.name,
        state,
        str(one.pid or ""),
        told(one.uptime_seconds, "{:.0f} s"),
        str(one.restarts),
        told(one.memory_mb, "{:.0f} MB"),
        told(one.outbox_age_seconds, "{:.1f} s"),
        told(one.lag_events, "{:.0f}"),
        one.url,
    )


def logs(
    service: Annotated[str, typer.Argument(help="Which program; all when left out.")] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on printing.")] = False,
    lines: Annotated[int, typer.Option(min=1, help="How many of the last lines.")] = 50,
) -> None:
    """Print the last lines of one program's log, or of each; `--follow` needs a name."""
    from local.status import log_files
    from local.status import logs as read

    if follow and not service:
        errors.print(f"Say whose log to follow: {', '.join(sorted(log_files()))}.")
        raise typer.Exit(2)
    for name in [service] if service else sorted(log_files()):
        for line in read(name, lines=lines, follow=follow):
            print(line if service else f"{name}: {line}")


def token(
    client: Annotated[str, typer.Argument(help="Such as operator, agency-dinkes.")] = "operator",
    json: AsJson = False,
) -> None:
    """Print a token of a client of this machine, for the page and for curl; good for minutes."""
    import asyncio

    from simulator.platform import Calls, find

    async def fetch() -> str:
        async with Calls(find()) as calls:
            header = await calls.bearer(client)
        return header["Authorization"].removeprefix("Bearer ")

    try:
        found = asyncio.run(fetch())
    except KeyError:
        errors.print(f"There is no client {client!r} on this machine.")
        raise typer.Exit(2) from None
    if json:
        as_json({"client": client, "token": found})
    else:
        print(found)
