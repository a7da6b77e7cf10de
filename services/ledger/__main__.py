"""`python -m services.ledger` serves; with `verify` it checks the whole ledger and ends."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from pydantic import ValidationError

from chassis import service
from chassis.database import Database, is_away
from services.ledger.domain.audit import Checkpoint, Report
from services.ledger.queries import verify
from services.ledger.settings import VerifySettings
from services.ledger.wiring import SERVICE

GOOD, DIFFERENT, NOT_CHECKED = 0, 1, 2


def main(arguments: Sequence[str]) -> int:
    """Exit status of a check: 0 nothing differs, 1 something does, 2 it could not be made."""
    parser = argparse.ArgumentParser(prog="python -m services.ledger", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    check = commands.add_parser("verify", help="recompute every hash and compare")
    check.add_argument("--json", action="store_true", help="print the report as JSON")
    check.add_argument(
        "--checkpoint",
        action="append",
        default=[],
        type=_checkpoint,
        metavar="SIZE:DIGEST",
        help="a checkpoint that was kept elsewhere; may be repeated",
    )
    told = parser.parse_args(arguments)
    if told.command is None:
        service.run(SERVICE)
        return GOOD
    return asyncio.run(_check(told.checkpoint, as_json=told.json))


async def _check(published: Sequence[Checkpoint], *, as_json: bool) -> int:
    try:
        settings = VerifySettings()
    except ValidationError:
        sys.stderr.write("LOKET_DATABASE_URL: set it to the address of the ledger's database\n")
        return NOT_CHECKED
    database = Database(settings.database_url.get_secret_value(), name="ledger.verify", pool_size=1)
    try:
        found = await verify(database, published)
    except Exception as problem:
        if is_away(problem):
            sys.stderr.write("The database does not answer; try again when it is there\n")
            return NOT_CHECKED
        raise
    finally:
        await database.close()
    sys.stdout.write(_as_json(found) if as_json else _in_words(found))
    return GOOD if found.is_good else DIFFERENT


def _as_json(found: Report) -> str:
    return json.dumps({"good": found.is_good, **asdict(found)}) + "\n"


def _in_words(found: Report) -> str:
    lines = [
        f"{found.size} entries in {found.chains} chains, {found.checkpoints} checkpoints",
        f"digest {found.digest}",
    ]
    for flaw in found.flaws:
        place = f"entry {flaw.seq}" if flaw.seq is not None else "an entry without a number"
        lines.append(f"BAD: {place}, chain {flaw.chain or 'unknown'}: {flaw.what}")
    lines.append("The ledger is whole" if found.is_good else "The ledger was changed")
    return "\n".join(lines) + "\n"


def _checkpoint(text: str) -> Checkpoint:
    size, _, digest = text.partition(":")
    try:
        return Checkpoint(int(size), bytes.fromhex(digest))
    except ValueError:
        raise argparse.ArgumentTypeError("a checkpoint is SIZE:DIGEST, 12:ab34...") from None


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
