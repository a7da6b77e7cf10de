"""Whoever changes what was written down is found, were it the owner of the database."""

import asyncio
import json
import os
import sys
from hashlib import sha256
from typing import Any

import asyncpg
import pytest

from chassis.testing import Probe
from contracts.ids import ApplicationId
from local.testing import Database
from services.ledger.domain.audit import Checkpoint
from services.ledger.domain.chain import entry_hash, next_digest
from services.ledger.queries import verify
from tests.services.ledger.told import three_stories

pytestmark = pytest.mark.integration
Owner = Any


async def found_in(ledger: Probe, *kept: Checkpoint) -> list[tuple[int | None, str | None, str]]:
    report = await verify(ledger.running.database, kept)
    return [(flaw.seq, flaw.chain, flaw.what) for flaw in report.flaws]


def by_turns(ids: list[ApplicationId], seq: int) -> str:
    return str(ids[(seq - 1) % 3])


async def test_what_was_delivered_verifies(ledger: Probe) -> None:
    await three_stories(ledger)
    report = await verify(ledger.running.database)
    assert (report.is_good, report.size, report.chains) == (True, 12, 3)
    assert report.digest == (await ledger.rows("SELECT digest FROM running"))[0]["digest"].hex()


async def test_an_empty_ledger_verifies(ledger: Probe) -> None:
    report = await verify(ledger.running.database)
    assert (report.is_good, report.size) == (True, 0)


# Each changes entry 5 (or begins with it), and what the check has to say first.
CHANGES: dict[str, tuple[str, str]] = {
    "one byte of a value": (
        "UPDATE entries SET value = set_byte(value, 3, get_byte(value, 3) # 1) WHERE seq = 5",
        "content_differs",
    ),
    "an attribute": (
        "UPDATE entries SET headers = replace(headers, 'system:test', 'system:tesu') WHERE seq = 5",
        "content_differs",
    ),
    "the topic": ("UPDATE entries SET topic = 'queue.tickets.v1' WHERE seq = 5", "content_differs"),
    "the chain": (
        "UPDATE entries SET chain = 'elsewhere' WHERE seq = 5",
        "content_differs",
    ),
    "the type in its column": ("UPDATE entries SET type = 'x.v1' WHERE seq = 5", "columns_differ"),
    "the id in its column": (
        "UPDATE entries SET event_id = gen_random_uuid() WHERE seq = 5",
        "columns_differ",
    ),
    "the time in its column": (
        "UPDATE entries SET recorded_at = recorded_at + interval '1 hour' WHERE seq = 5",
        "columns_differ",
    ),
    "its position": ("UPDATE entries SET position = 9 WHERE seq = 5", "hash_differs"),
    "its link": ("UPDATE entries SET previous_hash = record_hash WHERE seq = 5", "hash_differs"),
    "its hash": ("UPDATE entries SET hash = record_hash WHERE seq = 5", "hash_differs"),
    "its digest": ("UPDATE entries SET digest = record_hash WHERE seq = 5", "digest_differs"),
    "its existence": ("DELETE FROM entries WHERE seq = 5", "entry_missing"),
}


async def test_a_change_of_one_entry_is_found_there(ledger: Probe, owner: Owner) -> None:
    ids = await three_stories(ledger)
    await owner.execute("CREATE TEMP TABLE untouched AS SELECT * FROM entries")
    for change, (statement, what) in CHANGES.items():
        await owner.execute(statement)
        chain = "elsewhere" if change == "the chain" else by_turns(ids, 5)
        assert (await found_in(ledger))[0] == (5, chain, what), change
        await owner.execute("TRUNCATE entries; INSERT INTO entries SELECT * FROM untouched")
    assert await found_in(ledger) == []


@pytest.mark.parametrize("other", [6, 8])
async def test_two_entries_that_changed_places_are_found_at_the_first(
    ledger: Probe, owner: Owner, other: int
) -> None:
    ids = await three_stories(ledger)  # 6 belongs to another chain, 8 to the same
    for to, old in ((99, other), (other, 5), (5, 99)):
        await owner.execute("UPDATE entries SET seq = $1 WHERE seq = $2", to, old)
    seq, chain, _ = (await found_in(ledger))[0]
    assert (seq, chain) == (5, by_turns(ids, other))


async def test_values_that_changed_places_are_found_at_the_first(
    ledger: Probe, owner: Owner
) -> None:
    ids = await three_stories(ledger)
    await owner.execute(
        "UPDATE entries SET value = other.value FROM entries AS other "
        "WHERE (entries.seq, other.seq) IN ((5, 8), (8, 5))"
    )
    assert (await found_in(ledger))[0] == (5, by_turns(ids, 5), "content_differs")


async def test_the_end_of_a_chain_that_was_cut_off_is_missed(ledger: Probe, owner: Owner) -> None:
    ids = await three_stories(ledger)
    key = by_turns(ids, 8)
    before = await owner.fetchrow("SELECT hash FROM entries WHERE seq = 8")
    await owner.execute("DELETE FROM entries WHERE seq = 11")
    assert await found_in(ledger) == [(11, key, "entry_missing"), (None, key, "successor_missing")]
    await owner.execute(
        "UPDATE chains SET length = 3, head = $2 WHERE chain = $1", key, before["hash"]
    )
    assert await found_in(ledger) == [(11, None, "entry_missing")]


async def test_a_whole_chain_that_was_taken_out_is_missed(ledger: Probe, owner: Owner) -> None:
    ids = await three_stories(ledger)
    await owner.execute("DELETE FROM entries WHERE chain = $1", str(ids[0]))
    assert await found_in(ledger) == [
        (1, str(ids[0]), "entry_missing"),
        (None, str(ids[0]), "chain_missing"),
    ]


async def recompute(owner: Owner, seq: int, value: bytes) -> None:
    """Forge one entry so that it agrees with itself and with all before it, except its digest."""
    row = await owner.fetchrow("SELECT * FROM entries WHERE seq = $1", seq)
    parts = [
        b"loket.ledger.record.v1",
        *(row[name].encode() for name in ("chain", "topic", "headers")),
        value,
    ]
    content = sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()
    own = entry_hash(row["previous_hash"], row["chain"], row["position"], content)
    await owner.execute(
        "UPDATE entries SET value = $2, record_hash = $3, hash = $4 WHERE seq = $1",
        seq,
        value,
        content,
        own,
    )


async def test_one_entry_with_its_hashes_computed_anew_is_found_there(
    ledger: Probe, owner: Owner
) -> None:
    ids = await three_stories(ledger)
    await recompute(owner, 5, b'{"forged":true}')
    assert await found_in(ledger) == [
        (5, by_turns(ids, 5), "digest_differs"),
        (8, by_turns(ids, 8), "link_broken"),
    ]


async def test_the_last_entry_forged_with_head_and_digest_differs_from_the_checkpoint(
    ledger: Probe, owner: Owner
) -> None:
    ids = await three_stories(ledger)
    headers = ledger.bearer("op", "operator") | {"Idempotency-Key": "checkpoint-1"}
    answer = await ledger.client.post("/v1/checkpoints", headers=headers)
    assert answer.status_code == 201
    await recompute(owner, 12, b'{"forged":true}')
    before = await owner.fetchval("SELECT digest FROM entries WHERE seq = 11")
    own = await owner.fetchval("SELECT hash FROM entries WHERE seq = 12")
    digest = next_digest(before, own)
    await owner.execute("UPDATE entries SET digest = $1 WHERE seq = 12", digest)
    await owner.execute("UPDATE running SET digest = $1", digest)
    await owner.execute("UPDATE chains SET head = $1 WHERE chain = $2", own, str(ids[2]))
    assert await found_in(ledger) == [(12, str(ids[2]), "checkpoint_differs")]
    # With the log's own checkpoint gone as well, a copy that was kept elsewhere still tells.
    await owner.execute("DELETE FROM event_log")
    assert await found_in(ledger) == []
    kept = Checkpoint(12, bytes.fromhex(answer.json()["digest"]))
    assert await found_in(ledger, kept) == [(12, str(ids[2]), "checkpoint_differs")]


CHANGES_BY_THE_PROGRAM = (
    "UPDATE entries SET value = ''",
    "UPDATE entries SET hash = hash WHERE seq = 1",
    "DELETE FROM entries",
    "TRUNCATE entries",
    "DELETE FROM chains",
    "DELETE FROM running",
    "UPDATE event_log SET payload = ''",
    "DELETE FROM event_log",
)


async def test_the_program_may_not_change_what_it_wrote(ledger: Probe) -> None:
    for statement in CHANGES_BY_THE_PROGRAM:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await ledger.rows(statement)


async def test_the_command_names_the_first_bad_entry_and_says_so_with_its_status(
    ledger: Probe, owner: Owner, database: Database
) -> None:
    async def run(*arguments: str) -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.ledger",
            "verify",
            *arguments,
            env={**os.environ, "LOKET_DATABASE_URL": database.url},
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await asyncio.wait_for(process.communicate(), 30)
        return process.returncode, out.decode()

    ids = await three_stories(ledger)
    status, text = await run()
    assert (status, "The ledger is whole" in text) == (0, True)
    await owner.execute("UPDATE entries SET value = ''::bytea WHERE seq = 5")
    status, text = await run("--json")
    assert status == 1
    assert json.loads(text)["flaws"][0] == {
        "seq": 5,
        "chain": by_turns(ids, 5),
        "what": "content_differs",
    }


async def test_the_last_entry_that_was_taken_out_of_the_whole_is_missed_by_its_chain(
    ledger: Probe, owner: Owner
) -> None:
    ids = await three_stories(ledger)
    digest = await owner.fetchval("SELECT digest FROM entries WHERE seq = 11")
    await owner.execute("DELETE FROM entries WHERE seq = 12")
    assert await found_in(ledger) == [
        (12, str(ids[2]), "entry_missing"),
        (None, str(ids[2]), "successor_missing"),
    ]
    await owner.execute("UPDATE running SET size = 11, digest = $1", digest)
    assert await found_in(ledger) == [(12, str(ids[2]), "successor_missing")]
