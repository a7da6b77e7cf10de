"""How entries are chained: the formats are fixed, and a change of any part is a difference."""

import hashlib
import json
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ledger.domain.audit import Checkpoint, Link, Links, Whole, report
from services.ledger.domain.chain import (
    NOTHING,
    Chain,
    ChainId,
    Entry,
    Record,
    Running,
    append,
    canonical_headers,
)

HEADERS = [
    ("content-type", b"application/json"),
    ("ce_traceparent", b"00-aa-bb-01"),
    ("ce_type", b"tracking.stage_opened.v1"),
    ("ce_id", b"00000000-0000-0000-0000-000000000001"),
]


def record_of(key: str, number: int, value: bytes = b"{}") -> Record:
    event_id = UUID(int=number)
    headers = canonical_headers([("ce_id", str(event_id).encode()), ("ce_type", b"t.v1")])
    return Record(key, "tracking.applications.v1", event_id, "t.v1", None, headers, value)


def grown(keys: list[str]) -> tuple[list[Entry], dict[str, Chain], Running]:
    running, chains, entries = Running(), dict[str, Chain](), list[Entry]()
    for number, key in enumerate(keys, start=1):
        chain = chains.get(key, Chain(ChainId(key)))
        entry, chains[key], running = append(running, chain, record_of(key, number))
        entries.append(entry)
    return entries, chains, running


def audited(
    entries: list[Entry], chains: dict[str, Chain], running: Running, *kept: Checkpoint
) -> list[tuple[int | None, str | None, str]]:
    whole, links = Whole.against(kept), Links()
    for entry in entries:
        whole.take(entry)
        if whole.flaw:
            break
    whole.end(running)
    for entry in sorted(entries, key=lambda one: (one.record.key, one.position)):
        chain = chains[entry.record.key]
        links.take(
            Link(
                entry.seq,
                entry.record.key,
                entry.position,
                entry.previous_hash,
                entry.hash,
                chain.length,
                chain.head,
            )
        )
    links.end([key for key in chains if all(entry.record.key != key for entry in entries)])
    return [(flaw.seq, flaw.chain, flaw.what) for flaw in report(whole, links).flaws]


def lp(part: bytes) -> bytes:
    return len(part).to_bytes(8, "big") + part


def test_the_hashes_have_the_published_format() -> None:
    record = record_of("K", 1, b'{"a":1}')
    entry, _, running = append(Running(), Chain(ChainId("K")), record)
    content = b"".join(
        map(
            lp,
            [
                b"loket.ledger.record.v1",
                b"K",
                b"tracking.applications.v1",
                b'[["ce_id","00000000-0000-0000-0000-000000000001"],["ce_type","t.v1"]]',
                b'{"a":1}',
            ],
        )
    )
    record_hash = hashlib.sha256(content).digest()
    place = [b"loket.ledger.entry.v1", bytes(32), b"K", (1).to_bytes(8, "big"), record_hash]
    own = hashlib.sha256(b"".join(map(lp, place))).digest()
    assert (entry.record_hash, entry.hash) == (record_hash, own)
    assert running == Running(1, hashlib.sha256(bytes(32) + own).digest())


def test_the_trace_is_no_part_of_the_fact_and_the_order_of_headers_does_not_matter() -> None:
    text = canonical_headers(HEADERS)
    assert text == canonical_headers(reversed(HEADERS))
    assert "traceparent" not in text
    assert text.startswith('[["ce_id",')


def test_moving_a_byte_from_one_part_to_the_next_changes_the_hash() -> None:
    first = replace(record_of("ab", 1), topic="c")
    second = replace(record_of("a", 1), topic="bc")
    assert first.hash() != second.hash()


@given(st.lists(st.sampled_from("abc"), max_size=12))
def test_whatever_is_appended_verifies(keys: list[str]) -> None:
    entries, chains, running = grown(list(keys))
    kept = [Checkpoint(0, NOTHING), *(Checkpoint(one.seq, one.digest) for one in entries)]
    assert audited(entries, chains, running, *kept) == []


@given(st.lists(st.sampled_from("abc"), min_size=2, max_size=12), st.data())
def test_without_one_entry_the_first_that_is_missing_is_named(
    keys: list[str], data: st.DataObject
) -> None:
    entries, chains, running = grown(keys)
    gone = data.draw(st.sampled_from(entries))
    entries.remove(gone)
    assert audited(entries, chains, running)[0] == (gone.seq, gone.record.key, "entry_missing")


def test_a_history_that_was_made_anew_as_a_whole_differs_from_a_kept_checkpoint() -> None:
    entries, _, _ = grown(["a", "b", "a"])
    kept = Checkpoint(3, entries[-1].digest)
    other, chains, running = grown(["b", "a", "a"])
    assert audited(other, chains, running) == []
    assert audited(other, chains, running, kept) == [(3, "a", "checkpoint_differs")]
    assert audited(*grown(["a", "b"]), kept) == [(3, None, "entry_missing")]


@pytest.mark.parametrize("actor", ["officer:a", 'a "quoted" \\ name', "Dinas Perkebunan é 🏛"])
def test_the_text_of_the_attributes_is_plain_json(actor: str) -> None:
    text = canonical_headers([("ce_type", b"t.v1"), ("ce_actor", actor.encode()), ("other", b"x")])
    pairs = [["ce_type", "t.v1"], ["ce_actor", actor]]
    assert text == json.dumps(pairs, separators=(",", ":"))
