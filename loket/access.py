"""`loket access`: an agency's way into Kafka, shown, taken away or given back."""

import asyncio
from typing import Annotated

import typer

from loket.output import AsJson, as_json, console


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command()(access)


def access(
    agency: Annotated[str, typer.Argument(help="Code of the agency.")],
    revoke: Annotated[bool, typer.Option("--revoke", help="Cut it off from now on.")] = False,
    readmit: Annotated[bool, typer.Option("--readmit", help="Let it in, newly.")] = False,
    json: AsJson = False,
) -> None:
    """Show how an agency logs in at Kafka; or cut it off at once; or let it in, newly.

    `access` is what the broker says: granted, revoked, or unfinished when a change broke off.
    """
    from contracts.access import principal_of
    from contracts.ids import AgencyId
    from local import credentials, locks
    from local.errors import StackError
    from simulator.platform import find

    if revoke and readmit:
        raise StackError("Either --revoke or --readmit, not both.")
    platform = find()
    try:
        code = AgencyId(agency)
    except ValueError as wrong:
        raise StackError(f"{agency!r} is no code of an agency: {wrong}.") from wrong
    if revoke:
        asyncio.run(locks.revoke(platform.home, platform.bootstrap, code))
    if readmit:
        asyncio.run(locks.readmit(platform.home, platform.bootstrap, code))
    name = principal_of(code)
    way_in = platform.kafka(name)  # complains when there is none
    told = {
        "bootstrap": way_in.bootstrap,
        "security_protocol": "SASL_SSL" if way_in.tls else "SASL_PLAINTEXT",
        "mechanism": way_in.mechanism,
        "username": way_in.username,
        "password_file": str(credentials.file_of(platform.home, name)),
        "access": asyncio.run(locks.state_of(platform.home, platform.bootstrap, code)),
    }
    if json:
        as_json(told)
        return
    for what, value in told.items():
        console.print(f"{what:18} {value}", soft_wrap=True)
