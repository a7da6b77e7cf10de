"""Bad input at the real doors: a clear problem document or a parked record, and nothing lost."""

import json
import socket
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from contracts.access import OPERATOR
from contracts.base import Fact
from contracts.catalog import agency_topics
from contracts.ids import AgencyId, ApplicationId, ReportId
from local import clients, locks, topics
from local.kafka_settings import ADMIN
from simulator.audit import audit
from simulator.platform import Calls, Platform
from tests.journeys.doors import BUILDING, DLH, FIRST_STAGE, ITS_AGENCY, Doors, key
from tests.journeys.records import answers_to, good_headers, put, waiting_at

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]

REPORTS = "/v1/agencies/dlh/reports"
JSON = "application/json"
NOWHERE = str(ReportId.of("no", "application"))


@dataclass(frozen=True)
class Bad:
    """One bad request: what differs from a good one, and what must come back."""

    name: str
    status: int
    code: str
    body: bytes | dict[str, Any] | None = None
    path: str = REPORTS
    method: str = "POST"
    token_of: str | None = "agency-dlh"
    headers: dict[str, str | None] = field(default_factory=dict)
    """What stands in the headers instead; None leaves a header out."""


def activity(application: str = NOWHERE, **other: Any) -> dict[str, Any]:
    """A good report but for what is given; its application does not exist."""
    return {
        "type": "activity",
        "report_id": str(ReportId.new()),
        "application_id": application,
        "occurred_at": "2026-03-02T08:30:00+07:00",
        "activity": "Cek lokasi",
        **other,
    }


def text(**other: Any) -> bytes:
    """The same as the text of its JSON."""
    return json.dumps(activity(**other)).encode()


GOOD_TEXT = text()
WITHOUT_END = GOOD_TEXT[:-1]
BAD = [
    Bad("not JSON", 400, "not_json", b"ini bukan JSON"),
    Bad("an empty body", 400, "not_json", b""),
    Bad("half a body", 400, "not_json", WITHOUT_END),
    Bad("not UTF-8", 400, "not_utf8", b'{"type": "\xff\xfe"}'),
    Bad("a list instead of an object", 400, "invalid_fields", b"[]"),
    Bad("a number where text belongs", 400, "invalid_fields", activity(activity=7)),
    Bad("a text where an id belongs", 400, "invalid_fields", activity(application="42")),
    Bad("true where a time belongs", 400, "invalid_fields", activity(occurred_at=True)),
    Bad("a time without an offset", 400, "invalid_fields", activity(occurred_at="2026-03-02")),
    Bad("a field that nobody knows", 400, "invalid_fields", activity(nik="3171")),
    Bad("a missing field", 400, "invalid_fields", b'{"type": "activity"}'),
    Bad("a version of tomorrow", 400, "invalid_fields", activity(type="activity.v2")),
    Bad("an activity without an end", 400, "invalid_fields", activity(activity="a" * 10_000)),
    Bad("a mebibyte", 413, "body_too_large", b'{"a": "' + b"a" * (1 << 20) + b'"}'),
    Bad("ten thousand levels", 400, "too_deep", b"[" * 10_000 + b"]" * 10_000),
    Bad("a NUL", 400, "nul_character", WITHOUT_END + b', "lifecycle": "a\0"}'),
    Bad("a NUL in disguise", 400, "nul_character", WITHOUT_END + b', "lifecycle": "a\\u0000"}'),
    Bad("a lone surrogate", 400, "lone_surrogate", WITHOUT_END + b', "lifecycle": "\\ud800"}'),
    Bad("a name twice", 400, "duplicate_key", WITHOUT_END + b', "type": "activity"}'),
    Bad("NaN", 400, "not_finite", WITHOUT_END + b', "lifecycle": NaN}'),
    Bad("Infinity", 400, "not_finite", WITHOUT_END + b', "lifecycle": -Infinity}'),
    Bad("a number of 400 digits", 400, "number_too_large", b'{"a": ' + b"9" * 400 + b"}"),
    Bad("text/plain", 415, "unsupported_media_type", GOOD_TEXT, headers={"Content-Type": "text/x"}),
    Bad("no type", 415, "unsupported_media_type", GOOD_TEXT, headers={"Content-Type": None}),
    Bad("no key", 400, "idempotency_key_missing", GOOD_TEXT, headers={"Idempotency-Key": None}),
    Bad("a short key", 400, "idempotency_key_missing", GOOD_TEXT, headers={"Idempotency-Key": "a"}),
    Bad("no token", 401, "not_authenticated", GOOD_TEXT, token_of=None),
    Bad(
        "no token that we made",
        401,
        "not_authenticated",
        GOOD_TEXT,
        headers={"Authorization": "Bearer e30.e30.e30"},
    ),
    Bad("another agency's token", 403, "not_allowed", GOOD_TEXT, token_of="agency-dpmptsp"),
    Bad("an officer's token", 403, "not_allowed", GOOD_TEXT, token_of="officer-mpp-nusantara-1"),
    Bad("no such application", 404, "application_unknown", GOOD_TEXT),
    Bad("no such route", 404, "no_such_address", GOOD_TEXT, path="/v1/agencies/dlh/complaints"),
    Bad("no agency's name", 400, "invalid_parameters", GOOD_TEXT, path="/v1/agencies/D_L/reports"),
    Bad("the wrong method", 405, "method_not_allowed", GOOD_TEXT, method="PUT"),
    Bad("a method of nobody", 400, "bad_request", GOOD_TEXT, method="BREW"),
    Bad("200 kB of header", 431, "headers_too_large", GOOD_TEXT, headers={"X-A": "a" * 200_000}),
    Bad(
        "no such journey",
        404,
        "journey_unknown",
        {"journey": "terbang"},
        path="/v1/applications",
        token_of="operator",
    ),
]


async def answer_to(calls: Calls, bad: Bad) -> httpx.Response:
    """Send it as it is, without a client's good manners."""
    headers: dict[str, str | None] = {"Content-Type": JSON, "Idempotency-Key": key()}
    if bad.token_of:
        headers.update(await calls.bearer(bad.token_of))
    headers.update(bad.headers)
    body = json.dumps(bad.body).encode() if isinstance(bad.body, dict) else bad.body
    async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
        return await client.request(
            bad.method,
            f"{calls.platform.urls['tracking']}{bad.path}",
            content=body,
            headers={name: value for name, value in headers.items() if value is not None},
        )


def check_problem(answer: httpx.Response, status: int, code: str) -> None:
    """A problem document of RFC 9457 in two languages that says nothing of our insides."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    document = answer.json()
    assert (answer.status_code, document["code"]) == (status, code)
    assert document["status"] == status
    assert document["type"] == f"urn:loket:problem:{code}"
    assert document["title"] == document["title_id"] != document["title_en"]
    assert len(document["title_en"]) > 10
    for inside in ("Traceback", 'File "', ".py", "asyncpg", "pydantic", "SELECT"):
        assert inside not in answer.text


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
async def test_a_bad_request_gets_a_problem_document(calls: Calls, bad: Bad) -> None:
    check_problem(await answer_to(calls, bad), bad.status, bad.code)


async def test_what_is_no_http_gets_a_problem_document_and_the_door_stays_open(
    platform: Platform, doors: Doors
) -> None:
    host, port = platform.urls["tracking"].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"\x16\x03\x01 halo\r\n\r\n")
        said = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = said.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert json.loads(body)["code"] == "bad_request"
    await doors.over_http(doors.activity(await doors.submit()))


async def test_headers_without_an_end_are_cut_off(platform: Platform) -> None:
    host, port = platform.urls["tracking"].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        with pytest.raises(OSError, match=r"reset|Broken pipe"):
            _send_headers(connection, 16 << 20)


def _send_headers(connection: socket.socket, count: int) -> None:
    line = b"X-More: " + b"a" * 65_000 + b"\r\n"
    for _ in range(count // len(line)):
        connection.sendall(line)


async def test_one_key_with_another_body_is_refused_and_the_first_stays(
    calls: Calls, doors: Doors
) -> None:
    chosen, headers = key(), await calls.bearer("operator")
    url = f"{calls.platform.urls['tracking']}/v1/applications"
    async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
        sent = {**headers, "Idempotency-Key": chosen}
        first = await client.post(url, json={}, headers=sent)
        other = await client.post(url, json={"journey": BUILDING}, headers=sent)
        again = await client.post(url, json={}, headers=sent)
    check_problem(other, 422, "key_reused")
    assert first.json() == again.json()
    assert len(await doors.told(ApplicationId(first.json()["application_id"]), 1)) == 1


async def test_a_report_for_someone_elses_step_is_refused_at_both_doors(
    platform: Platform, calls: Calls, doors: Doors
) -> None:
    application = await doors.submit(BUILDING)
    over_http = doors.stage(application)
    body = {"type": "stage", "occurred_at": "2026-03-02T08:30:00+07:00"}
    body |= over_http.model_dump(mode="json", exclude_none=True)
    bad = Bad("somebody else's step", 403, "not_this_agencys_stage", body)
    check_problem(await answer_to(calls, bad), bad.status, bad.code)
    over_kafka = doors.stage(application)
    await doors.over_kafka(over_kafka, DLH)
    for report in (over_http, over_kafka):
        (answer,) = await answers_to(platform.kafka(OPERATOR), DLH, report.report_id)
        assert answer["code"] == "not_this_agencys_stage"
    await doors.over_http(doors.stage(application), ITS_AGENCY)
    entries = await doors.told(application, 3)
    assert [one["type"] for one in entries][:3] == [
        "tracking.application_submitted.v1",
        "tracking.stage_opened.v1",
        "tracking.stage_accepted.v1",
    ]
    assert entries[2]["stage"] == FIRST_STAGE


async def test_an_agency_outside_the_catalogue_is_unknown_even_with_a_good_token(
    platform: Platform, calls: Calls, doors: Doors
) -> None:
    clients.register_client(platform.home, "agency-antah", ["agency"], agency="antah")
    bad = Bad(
        "an unknown agency",
        404,
        "agency_unknown",
        activity(str(await doors.submit())),
        path="/v1/agencies/antah/reports",
        token_of="agency-antah",
    )
    check_problem(await answer_to(calls, bad), bad.status, bad.code)


@dataclass(frozen=True)
class BadRecord:
    """One bad record on an agency's topic, and the reason with which it is parked."""

    name: str
    reason: str
    value: bytes | None = None
    headers: dict[str, bytes | None] = field(default_factory=dict)
    key: bytes | None = None
    is_answered: bool = True


RECORDS = [
    BadRecord("not JSON", "not_json", b"ini bukan JSON"),
    BadRecord("an empty value", "not_json", b""),
    BadRecord("not UTF-8", "not_utf8", b"\xff\xfe"),
    BadRecord("wrong types", "invalid_fields", b'{"report_id": 1}'),
    BadRecord("a mebibyte", "body_too_large", b'{"a": "' + b"a" * 1_000_000 + b'"}'),
    BadRecord("ten thousand levels", "too_deep", b"[" * 10_000 + b"]" * 10_000),
    BadRecord("a NUL", "nul_character", b'{"a": "\0"}'),
    BadRecord("a NUL in disguise", "nul_character", b'{"a": "\\u0000"}'),
    BadRecord("a lone surrogate", "lone_surrogate", b'{"a": "\\udfff"}'),
    BadRecord("a name twice", "duplicate_key", b'{"a": 1, "a": 2}'),
    BadRecord("NaN", "not_finite", b'{"a": NaN}'),
    BadRecord(
        "a version of tomorrow",
        "unknown_event",
        headers={"ce_type": b"agency.activity_reported.v2"},
    ),
    BadRecord("no report", "not_a_report", headers={"ce_type": b"tracking.stage_done.v1"}),
    BadRecord("another source", "source_mismatch", headers={"ce_source": b"/agencies/dpmptsp"}),
    BadRecord("no time", "malformed_envelope", headers={"ce_time": None}),
    BadRecord("no headers", "malformed_envelope", headers={"*": None}, is_answered=False),
    BadRecord("no key", "id_mismatch", key=b"", is_answered=False),
    BadRecord("a key that is no text", "id_mismatch", key=b"\xff\x00", is_answered=False),
]


@pytest.mark.parametrize("bad", RECORDS, ids=lambda bad: bad.name)
async def test_a_bad_record_is_parked_with_its_reason_and_answered(
    platform: Platform, doors: Doors, bad: BadRecord
) -> None:
    report = doors.activity(ApplicationId.new())
    place = await put(
        doors.producer,
        DLH,
        report if bad.value is None else bad.value,
        _headers(report, bad.headers),
        str(report.application_id).encode() if bad.key is None else bad.key,
    )
    row = await waiting_at(doors, place)
    assert (row["consumer"], row["reason"]) == ("tracking.reports", bad.reason)
    assert not row["blocking"]
    if bad.is_answered:
        (answer,) = await answers_to(platform.kafka(OPERATOR), DLH, report.report_id)
        assert answer["code"] == bad.reason
        assert answer["title_id"] != answer["title_en"]


def _headers(report: Fact, changed: dict[str, bytes | None]) -> list[tuple[str, bytes]]:
    if "*" in changed:
        return []
    found: dict[str, bytes | None] = {**dict(good_headers(DLH, report)), **changed}
    return [(name, value) for name, value in found.items() if value is not None]


async def test_a_report_about_nothing_is_answered_over_kafka(
    platform: Platform, doors: Doors
) -> None:
    report = doors.activity(ApplicationId.new())
    await doors.over_kafka(report)
    (answer,) = await answers_to(platform.kafka(OPERATOR), DLH, report.report_id)
    assert answer["code"] == "application_unknown"


async def test_a_missing_topic_holds_up_nobody_else_and_gets_its_answers_once_it_is_there(
    platform: Platform, doors: Doors
) -> None:
    lonely = AgencyId("sunyi")
    reports, answers = agency_topics(lonely)
    await topics.create(platform.kafka(ADMIN), [reports])
    await locks.set_all(platform.home, platform.kafka(ADMIN), [lonely])
    bad = doors.activity(ApplicationId.new())
    place = await put(doors.producer, lonely, b"rusak", good_headers(lonely, bad), bad.key.encode())
    assert (await waiting_at(doors, place))["reason"] == "not_json"
    for _ in range(3):
        good = doors.activity(await doors.submit())
        await doors.over_kafka(good)
        (answer,) = await answers_to(platform.kafka(OPERATOR), DLH, good.report_id)
        assert "code" not in answer
    await topics.create(platform.kafka(ADMIN), [answers])
    (late,) = await answers_to(platform.kafka(OPERATOR), lonely, bad.report_id)
    assert late["code"] == "not_json"


async def test_after_all_of_it_good_reports_go_through_and_nothing_is_lost(
    calls: Calls, doors: Doors
) -> None:
    application = await doors.submit()
    await doors.over_http(doors.activity(application, "lewat HTTP"))
    await doors.over_kafka(doors.activity(application, "lewat Kafka"))
    assert len(await doors.told(application, 3)) == 3
    found = await audit(calls)
    assert found.is_good, found.as_json()
    for service in ("booking", "queue", "notify", "ledger"):
        assert await doors.parked(service) == []
    assert not [row for row in await doors.parked() if row["consumer"] != "tracking.reports"]
