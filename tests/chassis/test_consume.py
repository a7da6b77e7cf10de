"""Records take effect once each, in the order of their key; what cannot be applied is parked."""

import json
from dataclasses import replace as with_

import pytest

from chassis import batch
from chassis.arrivals import Arrival
from chassis.testing import Probe, envelope_of
from contracts.envelope import to_headers
from tests.chassis.toy import CoinAdded, CoinForgotten, PotId


async def view(probe: Probe) -> dict[str, tuple[int, int]]:
    rows = await probe.rows("SELECT id, coins, facts FROM pot_view")
    return {str(row["id"]): (row["coins"], row["facts"]) for row in rows}


async def parked(probe: Probe) -> list[tuple[str, str, bool]]:
    rows = await probe.rows(
        "SELECT key, reason, blocking FROM parked WHERE settled_at IS NULL ORDER BY id"
    )
    return [(row["key"], row["reason"], row["blocking"]) for row in rows]


def coin(probe: Probe, pot: PotId, number: int, *, coins: int | None = None) -> Arrival:
    return probe.arrival(CoinAdded(pot_id=pot, coins=coins or number), version=number)


async def test_a_batch_twice_and_doubles_within_a_batch_count_once(probe: Probe) -> None:
    pot = PotId.new()
    first, second = coin(probe, pot, 1), coin(probe, pot, 2)
    resent = with_(first, offset=7)
    await probe.deliver("toy.view", first, second, resent)
    await probe.deliver("toy.view", first, second, resent)
    await probe.deliver("toy.view", with_(second, offset=8))
    assert await view(probe) == {str(pot): (2, 2)}
    assert await parked(probe) == []


async def test_a_reaction_happens_once_however_often_its_fact_comes(probe: Probe) -> None:
    pot = PotId.new()
    first = coin(probe, pot, 1)
    for offset in range(3):
        await probe.deliver("toy.mirror", with_(first, offset=offset))
    facts = await probe.facts()
    assert [fact["payload"]["coins"] for fact in facts] == [1]
    assert facts[0]["actor"] == "system:toy"


async def test_a_fact_that_comes_too_early_waits_for_its_predecessor(probe: Probe) -> None:
    pot, other = PotId.new(), PotId.new()
    first, second, third = (coin(probe, pot, number) for number in (1, 2, 3))
    await probe.deliver("toy.view", with_(third, offset=0), coin(probe, other, 1))
    await probe.deliver("toy.view", with_(first, offset=5))
    assert await view(probe) == {str(pot): (1, 1), str(other): (1, 1)}
    assert [reason for _, reason, _ in await parked(probe)] == ["gap"]
    await probe.deliver("toy.view", with_(second, offset=6))
    assert await view(probe) == {str(pot): (3, 3), str(other): (1, 1)}
    assert await parked(probe) == []


async def test_a_poison_record_holds_back_its_own_key_until_it_is_redriven(probe: Probe) -> None:
    pot, other = PotId.new(), PotId.new()
    first, poison, third = coin(probe, pot, 1), coin(probe, pot, 2, coins=99), coin(probe, pot, 3)
    await probe.deliver("toy.view", first, poison, third, coin(probe, other, 1))
    await probe.deliver("toy.view", coin(probe, pot, 4), coin(probe, other, 2))
    assert await view(probe) == {str(pot): (1, 1), str(other): (2, 2)}
    assert [reason for _, reason, _ in await parked(probe)] == [
        "handler_failed",
        "behind",
        "behind",
    ]
    subscription = probe.running.runners[0].subscription
    with pytest.raises(ZeroDivisionError):
        await batch.redrive(probe.running.database, subscription, str(pot), "operator:test")
    assert len(await parked(probe)) == 3
    # The cause is mended: here, the content of the record.
    await mend(probe)
    settled = await batch.redrive(probe.running.database, subscription, str(pot), "operator:test")
    assert settled == 3
    assert await view(probe) == {str(pot): (4, 4), str(other): (2, 2)}
    assert await parked(probe) == []


async def mend(probe: Probe) -> None:
    # With its name: the digits alone may stand in an id.
    await probe.rows(
        """
UPDATE parked
SET value = convert_to(replace(convert_from(value, 'UTF8'), '"coins":99', '"coins":2'), 'UTF8')
RETURNING id
"""
    )


async def test_two_different_facts_with_one_version_are_noticed(probe: Probe) -> None:
    pot = PotId.new()
    await probe.deliver("toy.view", coin(probe, pot, 1))
    await probe.deliver("toy.view", coin(probe, pot, 1, coins=9))
    assert [reason for _, reason, _ in await parked(probe)] == ["conflict"]
    assert await view(probe) == {str(pot): (1, 1)}


@pytest.mark.parametrize(
    "value,reason",
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b'{"coins": "x"}', "invalid_fields"),
        (b'{"coins": 1, "coins": 2}', "duplicate_key"),
        (b"[" * 100_000, "too_deep"),
        (b'{"coins": "\\u0000"}', "nul_character"),
        (b'{"coins": "\\ud800"}', "lone_surrogate"),
        (b'{"coins": NaN}', "not_finite"),
        (b"\xff", "not_utf8"),
        (b'{"x": "' + b"a" * 1_048_576 + b'"}', "body_too_large"),
    ],
)
async def test_what_cannot_be_read_is_parked_with_its_reason(
    probe: Probe, value: bytes, reason: str
) -> None:
    pot, other = PotId.new(), PotId.new()
    headers = to_headers(envelope_of(CoinAdded(pot_id=pot, coins=1)))
    bad = probe.raw_arrival("toy.pots.v1", str(pot), headers, value)
    await probe.deliver("toy.view", bad, coin(probe, other, 1))
    assert await parked(probe) == [(str(pot), reason, True)]
    assert await view(probe) == {str(other): (1, 1)}


@pytest.mark.parametrize(
    "header,value,reason",
    [
        ("ce_type", b"toy.coin_added.v9", "unknown_event"),
        ("ce_type", b"toy.never_heard_of.v1", "unknown_event"),
        ("ce_id", b"not a uuid", "malformed_envelope"),
        ("ce_time", b"yesterday", "malformed_envelope"),
        ("ce_subject", b"\xff\xfe", "malformed_envelope"),
        ("ce_aggregateversion", b"-1", "malformed_envelope"),
    ],
)
async def test_a_wrong_envelope_is_parked_with_its_reason(
    probe: Probe, header: str, value: bytes, reason: str
) -> None:
    pot = PotId.new()
    fact = CoinAdded(pot_id=pot, coins=1)
    headers = {**dict(to_headers(envelope_of(fact))), header: value}
    bad = probe.raw_arrival(
        "toy.pots.v1", str(pot), [*headers.items()], fact.model_dump_json().encode()
    )
    await probe.deliver("toy.view", bad)
    assert [(key, found) for key, found, _ in await parked(probe)] == [(str(pot), reason)]


async def test_an_event_that_is_known_but_not_wanted_counts_as_seen(probe: Probe) -> None:
    pot = PotId.new()
    forgotten = probe.arrival(CoinForgotten(pot_id=pot), version=2)
    await probe.deliver("toy.view", coin(probe, pot, 1), forgotten, coin(probe, pot, 3))
    assert await view(probe) == {str(pot): (3, 2)}


async def test_a_field_of_the_future_is_let_through(probe: Probe) -> None:
    pot = PotId.new()
    fact = CoinAdded(pot_id=pot, coins=1)
    value = json.dumps({**json.loads(fact.model_dump_json()), "colour": "gold"}).encode()
    record = probe.raw_arrival("toy.pots.v1", str(pot), to_headers(envelope_of(fact)), value)
    await probe.deliver("toy.view", record)
    assert await view(probe) == {str(pot): (1, 1)}


async def test_only_a_record_that_holds_nobody_back_may_be_dismissed(probe: Probe) -> None:
    pot = PotId.new()
    headers = to_headers(envelope_of(CoinAdded(pot_id=pot, coins=1)))
    await probe.deliver("toy.view", probe.raw_arrival("toy.pots.v1", str(pot), headers, b"{"))
    keyless = probe.raw_arrival("toy.pots.v1", "", headers, b"{")
    await probe.deliver("toy.view", keyless, coin(probe, pot, 2))
    rows = await probe.rows("SELECT id, blocking, reason FROM parked ORDER BY id")
    assert [(row["blocking"], row["reason"]) for row in rows] == [
        (True, "not_json"),
        (False, "not_json"),
        (True, "behind"),
    ]
    operator = {**probe.bearer("ops", "operator"), "Idempotency-Key": "dismiss-once"}
    answers = [
        await probe.client.post(f"/v1/parked/{row['id']}/dismiss", headers=operator) for row in rows
    ]
    assert [answer.status_code for answer in answers] == [409, 200, 409]
    assert answers[0].json()["code"] == "holds_back"
    again = await probe.client.post(f"/v1/parked/{rows[1]['id']}/dismiss", headers=operator)
    assert (again.status_code, again.json()["code"]) == (404, "not_parked")
    settled = await probe.rows("SELECT settled_by FROM parked WHERE settled_at IS NOT NULL")
    assert [row["settled_by"] for row in settled] == ["operator:ops"]
