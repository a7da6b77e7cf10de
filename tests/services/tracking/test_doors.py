"""The two doors for agencies: one memory, one judgement, and nothing bad comes through either."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.ids import ApplicationId, EventId, ReportId
from services.tracking.domain.refusals import OF_REPORT
from tests.services.tracking.desk import Desk, report_headers


async def test_one_report_at_both_doors_has_one_effect_and_one_answer(desk: Desk) -> None:
    application_id, _ = await desk.submit(journey="izin-bangunan")
    report = desk.stage(application_id, "kelengkapan", "done")
    at = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
    first = await desk.post("dpmptsp", report, at=at)
    await desk.take(desk.record("dpmptsp", report, at), desk.record("dpmptsp", report, at))
    # The same instant, written in another time zone.
    jakarta = await desk.post("dpmptsp", report, at=at.astimezone())
    assert first.json() == jakarta.json()
    assert (await desk.facts_of(application_id)).count("stage_done:kelengkapan") == 1
    assert await desk.answers() == [(str(report.report_id), "accepted")]
    assert await desk.parked() == []


async def test_kafka_first_then_http_gets_the_answer_of_the_first_time(desk: Desk) -> None:
    application_id, _ = await desk.submit(journey="izin-bangunan")
    at = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
    early = desk.stage(application_id, "penerbitan", "done")
    await desk.take(desk.record("dpmptsp", early, at))
    answer = await desk.post("dpmptsp", early, at=at)
    assert (answer.status_code, answer.json()["code"]) == (409, "stage_not_open")
    assert await desk.answers() == [(str(early.report_id), "stage_not_open")]


async def test_twenty_repeats_at_both_doors_at_once_have_one_effect(desk: Desk) -> None:
    application_id, _ = await desk.submit()
    report = desk.activity(application_id, "Cek lokasi")
    at = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
    answers, _ = await asyncio.gather(
        asyncio.gather(*(desk.post("dlh", report, at=at) for _ in range(20))),
        desk.take(*(desk.record("dlh", report, at) for _ in range(20))),
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert await desk.answers() == [(str(report.report_id), "accepted")]
    assert await desk.facts_of(application_id) == ["application_submitted", "activity_recorded"]


async def test_one_report_id_with_another_body_raises_an_alarm_at_both_doors(desk: Desk) -> None:
    application_id, _ = await desk.submit(journey="izin-bangunan")
    report = desk.stage(application_id, "kelengkapan", "accepted")
    at = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
    await desk.post("dpmptsp", report, at=at)
    other = report.model_copy(update={"outcome": "done"})
    answer = await desk.post("dpmptsp", other, at=at)
    assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")
    later = await desk.post("dpmptsp", report, at=at + timedelta(seconds=1))
    assert (later.status_code, later.json()["code"]) == (422, "key_reused")
    await desk.take(desk.record("dpmptsp", other, at))
    assert await desk.parked() == ["key_reused"]
    assert await desk.answers() == [
        (str(report.report_id), "accepted"),
        (str(report.report_id), "key_reused"),
    ]
    assert (await desk.facts_of(application_id))[-1] == "stage_accepted:kelengkapan"


async def test_a_report_for_someone_elses_stage_is_refused_at_both_doors(desk: Desk) -> None:
    application_id, _ = await desk.submit(journey="izin-bangunan")
    over_http = desk.stage(application_id, "kelengkapan", "done")
    answer = await desk.post("dlh", over_http)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_this_agencys_stage")
    over_kafka = desk.stage(application_id, "kelengkapan", "done")
    await desk.take(desk.record("dlh", over_kafka))
    assert await desk.answers() == [
        (str(over_http.report_id), "not_this_agencys_stage"),
        (str(over_kafka.report_id), "not_this_agencys_stage"),
    ]
    assert await desk.facts_of(application_id) == [
        "application_submitted",
        "stage_opened:kelengkapan",
    ]


async def test_nobody_reports_under_another_agencys_name_or_without_a_token(desk: Desk) -> None:
    application_id, _ = await desk.submit(journey="izin-bangunan")
    report = desk.stage(application_id, "kelengkapan", "done")
    answer = await desk.post("dpmptsp", report, token_of="dlh")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    url, key = "/v1/agencies/dpmptsp/reports", desk.key()
    officer = await desk.probe.client.post(
        url, json={}, headers={**key, **desk.probe.bearer("siti", "officer")}
    )
    assert officer.status_code == 403
    assert (await desk.probe.client.post(url, json={}, headers=key)).status_code == 401
    assert await desk.answers() == []


async def test_another_agencys_report_id_cannot_be_taken_over(desk: Desk) -> None:
    application_id, _ = await desk.submit()
    mine = desk.activity(application_id, "Cek")
    await desk.post("dlh", mine)
    theirs = await desk.post("dpmptsp", mine)
    assert (theirs.status_code, theirs.json()["code"]) == (409, "report_id_taken")
    as_application = mine.model_copy(update={"report_id": ReportId(application_id)})
    answer = await desk.post("dpmptsp", as_application)
    assert answer.json()["code"] == "report_id_taken"
    assert await desk.answers() == [(str(mine.report_id), "accepted")]


async def test_a_report_id_equal_to_an_application_spoils_no_other_report_of_the_group(
    desk: Desk,
) -> None:
    application_id, _ = await desk.submit()
    other_id, _ = await desk.submit()
    bad = desk.activity(other_id, "Cek").model_copy(update={"report_id": ReportId(application_id)})
    good = desk.activity(application_id, "Cek")
    await desk.take(desk.record("dlh", bad), desk.record("dpmptsp", good))
    assert await desk.answers() == [(str(good.report_id), "accepted")]


def bad_records(desk: Desk, application_id: ApplicationId) -> dict[str, tuple[Any, str, bool]]:
    """Name -> record, the reason under which it is parked, whether its agency can be told."""
    good = desk.stage(application_id, "kelengkapan", "done")
    key, headers, value = str(application_id), report_headers("dpmptsp", good), good_value(good)
    elsewhere = desk.stage(application_id, "kelengkapan", "done")

    def changed(name: str, text: bytes) -> list[tuple[str, bytes]]:
        return [(one, text if one == name else old) for one, old in headers]

    def raw(
        headers: list[tuple[str, bytes]] = headers, value: bytes = value, key: str = key
    ) -> Any:
        return desk.raw("dpmptsp", key, headers, value)

    deep = b"[" * 200_000 + b"]" * 200_000
    doubled = value[:-1] + b',"outcome":"refused"}'
    nul = value.replace(b'"done"', b'"done\\u0000"')
    half = value.replace(b'"done"', b'"\\ud800"')
    return {
        "not JSON": (raw(value=b"{"), "not_json", True),
        "empty": (raw(value=b""), "not_json", True),
        "not UTF-8": (raw(value=b'{"a":"\xff"}'), "not_utf8", True),
        "deep": (raw(value=deep), "body_too_large", True),
        "nested": (raw(value=b"[" * 100 + b"]" * 100), "too_deep", True),
        "NUL": (raw(value=nul), "nul_character", True),
        "half a surrogate pair": (raw(value=half), "lone_surrogate", True),
        "doubled key": (raw(value=doubled), "duplicate_key", True),
        "wrong field": (raw(value=b'{"stage": 7}'), "invalid_fields", True),
        "no reason": (
            raw(value=value.replace(b'"done"', b'"refused"')),
            "invalid_fields",
            True,
        ),
        "future version": (
            raw(changed("ce_type", b"agency.stage_reported.v2")),
            "unknown_event",
            True,
        ),
        "unknown type": (raw(changed("ce_type", b"agency.made_up.v1")), "unknown_event", True),
        "a fact": (
            raw(changed("ce_type", b"tracking.stage_done.v1")),
            "not_a_report",
            True,
        ),
        "another source": (
            raw(changed("ce_source", b"/agencies/dlh")),
            "source_mismatch",
            True,
        ),
        "another actor": (
            raw([*headers, ("ce_actor", b"agency:dlh")]),
            "source_mismatch",
            True,
        ),
        "another id": (
            raw(changed("ce_id", str(elsewhere.report_id).encode())),
            "id_mismatch",
            True,
        ),
        "another key": (raw(key=str(EventId.new())), "id_mismatch", True),
        "numbered": (
            raw([*headers, ("ce_aggregateversion", b"1")]),
            "malformed_envelope",
            True,
        ),
        "control character": (
            raw(changed("ce_source", b"/agencies/\x00")),
            "malformed_envelope",
            True,
        ),
        "no headers": (raw([]), "malformed_envelope", False),
        "two ids": (raw([*headers, ("ce_id", b"x")]), "malformed_envelope", False),
        "no key": (raw(key=""), "id_mismatch", False),
        "odd key": (raw(value=b"{", key="\\x00"), "not_json", False),
    }


def good_value(report: Any) -> bytes:
    return json.dumps(report.model_dump(mode="json", exclude_none=True)).encode()


async def test_bad_records_are_parked_with_their_reason_answered_and_hold_nobody_back(
    desk: Desk,
) -> None:
    application_id, _ = await desk.submit(journey="izin-bangunan")
    other_id, _ = await desk.submit()
    battery = bad_records(desk, application_id)
    good = desk.stage(application_id, "kelengkapan", "done")
    other = desk.activity(other_id, "Cek")
    records = [record for record, _, _ in battery.values()]
    await desk.take(*records, desk.record("dpmptsp", good), desk.record("dlh", other))
    assert await desk.parked() == [reason for _, reason, _ in battery.values()]
    answers = await desk.answers()
    refused = [code for _, code in answers if code != "accepted"]
    assert sorted(refused) == sorted(reason for _, reason, told in battery.values() if told)
    assert {one for one, code in answers if code == "accepted"} == {
        str(good.report_id),
        str(other.report_id),
    }
    assert (await desk.facts_of(application_id))[-1] == "stage_opened:teknis"
    # Taken once more, as after a crash before the offset was committed: nothing happens twice.
    await desk.take(*records)
    assert await desk.answers() == answers
    assert len(await desk.parked()) == len(battery)


async def test_a_mended_report_may_keep_the_id_under_which_it_could_not_be_read(
    desk: Desk,
) -> None:
    application_id, _ = await desk.submit(journey="izin-bangunan")
    report = desk.stage(application_id, "kelengkapan", "done")
    headers = report_headers("dpmptsp", report)
    await desk.take(desk.raw("dpmptsp", str(application_id), headers, b"{"))
    await desk.take(desk.record("dpmptsp", report))
    assert await desk.answers() == [
        (str(report.report_id), "not_json"),
        (str(report.report_id), "accepted"),
    ]
    versions = [
        one["version"] for one in await desk.probe.facts() if "tracking.report_" in one["type"]
    ]
    assert versions == [1, 2]


BAD_REPORTS: list[tuple[dict[str, Any], int, str]] = [
    ({"type": "andere"}, 400, "invalid_fields"),
    ({"outcome": "returned"}, 400, "invalid_fields"),
    ({"occurred_at": "2026-03-02T01:30:00"}, 400, "invalid_fields"),
    ({"occurred_at": "0001-01-01T00:00:00+14:00"}, 400, "invalid_fields"),
    ({"occurred_at": "9999-12-31T23:59:59-14:00"}, 400, "invalid_fields"),
    ({"occurred_at": "9999-12-31T00:00:00Z"}, 422, "time_in_future"),
    ({"application_id": "7"}, 400, "invalid_fields"),
    ({"extra": 1}, 400, "invalid_fields"),
    ({"stage": "tidak-ada"}, 404, "stage_unknown"),
    ({"application_id": "018f0000-0000-7000-8000-000000000000"}, 404, "application_unknown"),
]


async def test_bad_reports_over_http_get_a_problem_document(desk: Desk) -> None:
    application_id, _ = await desk.submit(journey="izin-bangunan")
    for change, status, code in BAD_REPORTS:
        body = {
            "type": "stage",
            "report_id": str(ReportId.new()),
            "application_id": str(application_id),
            "occurred_at": "2026-03-02T01:30:00Z",
            "stage": "kelengkapan",
            "outcome": "done",
            **change,
        }
        answer = await desk.probe.client.post(
            "/v1/agencies/dpmptsp/reports",
            json=body,
            headers={**desk.key(), **desk.agency("dpmptsp")},
        )
        assert (answer.status_code, answer.json()["code"]) == (status, code), change
        assert answer.json()["title_id"]
    assert len(await desk.facts_of(application_id)) == 2


async def test_hundreds_of_reports_at_once_leave_one_history_without_gap(desk: Desk) -> None:
    application_id, _ = await desk.submit()
    agencies = ("dlh", "dpmptsp", "dinas-teknis")
    reports = [(agencies[n % 3], desk.activity(application_id, f"{n}")) for n in range(240)]
    over_http = [desk.post(agency, report) for agency, report in reports[:120]]
    records = [desk.record(agency, report) for agency, report in reports[120:]]
    answers, _ = await asyncio.gather(asyncio.gather(*over_http), desk.take(*records))
    assert {answer.status_code for answer in answers} == {201}
    assert sorted(answer.json()["version"] for answer in answers) == sorted(
        {answer.json()["version"] for answer in answers}
    )
    facts = [one for one in await desk.probe.facts() if one["aggregate_id"] == application_id]
    assert [fact["version"] for fact in facts] == list(range(1, 242))
    recorded = {fact["payload"]["report_id"] for fact in facts[1:]}
    assert recorded == {str(report.report_id) for _, report in reports}
    (row,) = await desk.probe.rows("SELECT version FROM applications")
    assert row["version"] == 241


async def test_the_api_describes_reports_and_every_way_to_be_refused(desk: Desk) -> None:
    document = (await desk.probe.client.get("/openapi.json")).json()
    operation = document["paths"]["/v1/agencies/{agency}/reports"]["post"]
    assert operation["x-loket-roles"] == ["agency"]
    codes = {
        code
        for answer in operation["responses"].values()
        for content in answer.get("content", {}).values()
        for code in content.get("examples", {})
    }
    assert {refusal.code for refusal in OF_REPORT} <= codes
    assert "key_reused" in codes
    assert {"StageReport", "ActivityReport", "Report"} <= set(document["components"]["schemas"])
