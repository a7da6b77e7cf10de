"""Who left an address: once per request, erased for good, and never seen in clear anywhere."""

import asyncio
import json

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from chassis.testing import Probe
from contracts.ids import ApplicationId, PersonId
from contracts.tracking import ApplicationCompleted
from local.testing import Database
from services.notify.channels import Recipients, sealer_of
from tests.services.notify.sink import Sink
from tests.services.notify.steps import deliver_all, erase, make_due, register, submit, told
from tests.services.notify.test_channels import BAD_ADDRESSES

pytestmark = pytest.mark.integration
CANARY = "canary.k7q2@example.org"


async def addresses(probe: Probe) -> int:
    return len(await probe.rows("SELECT 1 FROM recipients"))


async def test_the_same_request_twenty_times_at_once_makes_one_recipient(notify: Probe) -> None:
    answers = await asyncio.gather(*(register(notify) for _ in range(20)))
    assert len({tuple(sorted(answer.items())) for answer in answers}) == 1
    assert await addresses(notify) == 1


async def test_another_address_under_the_same_key_is_refused(notify: Probe) -> None:
    await register(notify)
    for body in ({"email": "budi@example.org"}, {"email": "siti@example.org", "language": "en"}):
        answer = await notify.client.post(
            "/v1/recipients", json=body, headers={"Idempotency-Key": "registration-1"}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")
    assert await addresses(notify) == 1


async def test_two_requests_with_one_address_make_two_recipients_that_look_unrelated(
    notify: Probe,
) -> None:
    first = await register(notify, key="registration-1")
    second = await register(notify, key="registration-2")
    assert first["person_id"] != second["person_id"]
    rows = await notify.rows("SELECT address, request FROM recipients")
    assert len({row["address"][12:] for row in rows}) == 2


async def test_a_bad_address_is_refused_and_not_repeated(notify: Probe) -> None:
    for address in BAD_ADDRESSES:
        answer = await notify.client.post(
            "/v1/recipients", json={"email": address}, headers={"Idempotency-Key": "registration-1"}
        )
        assert answer.status_code == 400, address
        assert json.dumps(address)[1:-1] not in answer.text, address
    assert await addresses(notify) == 0


async def test_a_bad_body_is_refused(notify: Probe) -> None:
    headers = {"Idempotency-Key": "registration-1", "Content-Type": "application/json"}
    french = '{"email":"a@b.co","language":"fr"}'
    for body in ("", "{}", "[]", '{"email":1}', french, '{"email":"a@b.co","x":1}'):
        answer = await notify.client.post("/v1/recipients", content=body, headers=headers)
        assert answer.status_code == 400, body
        assert answer.headers["content-type"] == "application/problem+json"


async def test_erasing_makes_the_address_unreadable_and_twice_is_once(notify: Probe) -> None:
    made = await register(notify)
    recipients = Recipients(notify.running.database, sealer_of(notify.running.settings))
    person = PersonId(made["person_id"])
    assert await recipients.find(person) is not None
    first = await erase(notify, made)
    again = await erase(notify, made)
    assert (first.status_code, first.json()) == (200, again.json())
    assert await recipients.find(person) is None
    assert await notify.rows("SELECT 1 FROM recipient_keys") == []
    (row,) = await notify.rows("SELECT address, fingerprint FROM recipients")
    assert tuple(row) == (None, None)
    # The request that made the recipient has the answer that it had.
    assert await register(notify) == made


async def test_only_whoever_has_the_code_may_erase(notify: Probe) -> None:
    made, other = await register(notify), await register(notify, key="registration-2")
    for code in (other["recipient_code"], "x", made["recipient_code"].lower()):
        assert (await erase(notify, made, code)).status_code == 404
    stranger = {**made, "person_id": str(PersonId.new())}
    assert (await erase(notify, stranger)).status_code == 404
    assert len(await notify.rows("SELECT 1 FROM recipient_keys")) == 2


async def test_who_was_erased_is_told_nothing_more_and_facts_stay(
    notify: Probe, sink: Sink
) -> None:
    made = await register(notify)
    application_id = await submit(notify, made)
    before = await notify.facts()
    await erase(notify, made)
    await deliver_all(notify)
    completed = ApplicationCompleted(application_id=application_id)
    await notify.deliver("notify", notify.arrival(completed, version=2))
    await submit(notify, made)
    await deliver_all(notify)
    assert sink.mails == []
    assert await told(notify) == [("queued", None, None), ("failed", 0, "address_erased")]
    assert (await notify.facts())[:1] == before


async def everything_in(url: str) -> str:
    """Every row of every table, as text; bytes as hexadecimal digits."""
    address = make_url(url).set(drivername="postgresql")
    connection = await asyncpg.connect(address.render_as_string(hide_password=False), timeout=10)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname='public'")
        rows = [
            await connection.fetch(f'SELECT t::text AS row FROM "{table["tablename"]}" AS t')  # noqa: S608 - names from the catalog
            for table in tables
        ]
        assert len(tables) >= 11
    finally:
        await connection.close(timeout=10)
    return "\n".join(row["row"] for found in rows for row in found).lower()


async def test_an_address_is_found_in_no_table_and_no_log_before_and_after_erasure(
    notify: Probe,
    sink: Sink,
    database: Database,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    made = await register(notify, CANARY, key="key-of-somebody")
    application_id = await submit(notify, made)
    sink.refusal = "550 mailbox {} is full"
    await deliver_all(notify)
    sink.refusal = None
    completed = ApplicationCompleted(application_id=application_id)
    await notify.deliver("notify", notify.arrival(completed, version=2))
    await make_due(notify)
    await deliver_all(notify)
    assert sink.mails[0].rcpt_tos == [CANARY]  # it was really used
    rejected = await notify.client.post(
        "/v1/recipients", json={"email": CANARY + "\n"}, headers={"Idempotency-Key": "again-1234"}
    )
    assert rejected.status_code == 400
    assert_absent(await everything_in(database.owner_url))
    assert (await erase(notify, made)).status_code == 200
    assert_absent(await everything_in(database.owner_url))
    out, err = capfd.readouterr()
    # The mail server stands in this process, too; its log may name whom it delivers to.
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("mail.")]
    assert "notification_failed" in out
    assert_absent("\n".join([out, err, *ours]).lower())


def assert_absent(text: str) -> None:
    for part in ("canary", "k7q2"):
        assert part not in text
        assert part.encode("ascii").hex() not in text


ROUND_THE_DOMAIN = (
    "UPDATE deliveries SET attempts = 4",
    "UPDATE deliveries SET attempts = -1",
    "INSERT INTO deliveries SELECT gen_random_uuid(), 4, NULL",
    "UPDATE notifications SET state = 'sent', settled_at = now(), attempts = 0",
    "UPDATE notifications SET state = 'sent', attempts = 1",
    "UPDATE notifications SET attempts = 4",
    """INSERT INTO notifications
       SELECT gen_random_uuid(), version, application_id, recipient_id, cause_id, template,
              channel, queued_at, state, attempts, settled_at FROM notifications""",
    "UPDATE recipients SET erased_at = now()",
    "UPDATE recipients SET address = NULL",
)


async def test_the_rules_hold_for_whoever_goes_round_the_domain(notify: Probe) -> None:
    await submit(notify, await register(notify))
    for statement in ROUND_THE_DOMAIN:
        with pytest.raises((asyncpg.CheckViolationError, asyncpg.UniqueViolationError)):
            await notify.rows(statement)


async def test_notifications_are_shown_to_staff_without_the_address(notify: Probe) -> None:
    application_id = await submit(notify, await register(notify, CANARY))
    await deliver_all(notify)
    path = f"/v1/notifications?application_id={application_id}"
    answer = await notify.client.get(path, headers=notify.bearer("budi", "officer"))
    (shown,) = answer.json()
    assert (shown["state"], shown["attempts"], shown["template"]) == (
        "sent",
        1,
        "application_submitted",
    )
    assert "canary" not in answer.text
    assert (await notify.client.get(path)).status_code == 401
    stranger = notify.bearer("siti", "citizen")
    assert (await notify.client.get(path, headers=stranger)).status_code == 403
    other = f"/v1/notifications?application_id={ApplicationId.new()}"
    nothing = await notify.client.get(other, headers=notify.bearer("op", "operator"))
    assert nothing.json() == []
