"""A whole journey through both doors, and what people may read of it."""

from datetime import UTC, datetime, timedelta

from tests.services.tracking.desk import Desk, by_code

WHOLE = [
    "application_submitted",
    "stage_opened:kelengkapan",
    "stage_accepted:kelengkapan",
    "stage_done:kelengkapan",
    "stage_opened:lingkungan",
    "stage_opened:teknis",
    "stage_returned:teknis",
    "stage_done:lingkungan",
    "stage_resubmitted:teknis",
    "stage_done:teknis",
    "stage_opened:penerbitan",
    "stage_done:penerbitan",
    "application_completed",
]


async def test_an_application_travels_through_three_agencies_and_back_to_its_applicant(
    desk: Desk,
) -> None:
    application_id, code = await desk.submit(journey="izin-bangunan")
    http, kafka = desk.post, desk.take
    first = await http("dpmptsp", desk.stage(application_id, "kelengkapan", "accepted"))
    assert first.status_code == 201
    assert [fact["type"] for fact in first.json()["facts"]] == ["tracking.stage_accepted.v1"]
    await kafka(desk.record("dpmptsp", desk.stage(application_id, "kelengkapan", "done")))
    returned = desk.stage(application_id, "teknis", "returned", requirement="gambar_rencana")
    await kafka(
        desk.record("dinas-teknis", returned),
        desk.record("dlh", desk.stage(application_id, "lingkungan", "done")),
    )
    await desk.replicate()

    told = (await desk.probe.client.get("/v1/tracking", headers=by_code(code))).json()
    assert told["held_by"] == ["applicant"]
    assert told["next"]["en"] == "Complete the drawings. Then resubmit it."
    teknis = next(one for one in told["stages"] if one["stage"] == "teknis")
    assert teknis["clock"]["state"] == "stopped"

    mended = await desk.probe.client.post(
        f"/v1/applications/{application_id}/stages/teknis/resubmit",
        headers={**desk.key(), **by_code(code)},
    )
    assert mended.status_code == 200, mended.text
    await http("dinas-teknis", desk.stage(application_id, "teknis", "done"))
    last = await http("dpmptsp", desk.stage(application_id, "penerbitan", "done"))
    assert [fact["type"] for fact in last.json()["facts"]] == [
        "tracking.stage_done.v1",
        "tracking.application_completed.v1",
    ]
    assert await desk.facts_of(application_id) == WHOLE

    await desk.replicate()
    told = (await desk.probe.client.get("/v1/tracking", headers=by_code(code))).json()
    assert told["state"] == "completed"
    assert [entry["type"].split(".")[1] for entry in told["timeline"]] == [
        fact.partition(":")[0] for fact in WHOLE
    ]
    assert told["timeline"][6]["id"] == (
        "Dinas Teknis mengembalikan berkas, syarat belum terpenuhi: Gambar rencana lengkap"
    )


async def test_every_report_is_answered_on_the_topic_of_its_agency(desk: Desk) -> None:
    application_id, _ = await desk.submit(journey="izin-bangunan")
    good = desk.stage(application_id, "kelengkapan", "done")
    early = desk.stage(application_id, "penerbitan", "done")
    await desk.take(desk.record("dpmptsp", early), desk.record("dpmptsp", good))
    assert await desk.answers() == [
        (str(early.report_id), "stage_not_open"),
        (str(good.report_id), "accepted"),
    ]
    answers = [one for one in await desk.probe.facts() if "report_" in one["type"]]
    assert {one["topic"] for one in answers} == {"agency.dpmptsp.answers.v1"}
    assert {one["key"] for one in answers} == {str(application_id)}
    assert all(one["payload"].get("title_en", "x") for one in answers)


async def test_on_an_open_journey_any_known_agency_reports_activities_with_its_own_time(
    desk: Desk,
) -> None:
    application_id, _ = await desk.submit()
    then = datetime(2019, 4, 1, 8, 30, tzinfo=UTC)
    await desk.take(desk.record("dlh", desk.activity(application_id, "Cek lokasi"), then))
    answer = await desk.post(
        "dpmptsp",
        desk.activity(application_id, "Terima berkas"),
        at=then - timedelta(days=1),
    )
    assert answer.status_code == 201
    facts = [one for one in await desk.probe.facts() if one["type"].endswith("recorded.v1")]
    assert [one["time"] for one in facts] == [then, then - timedelta(days=1)]
    await desk.replicate()
    timeline = await desk.probe.client.get(
        f"/v1/applications/{application_id}/timeline", headers=desk.agency("dlh")
    )
    entry = timeline.json()["entries"][1]
    assert entry["time"].startswith("2019-04-01")
    assert not entry["recorded_at"].startswith("2019")
    assert entry["en"] == "Dinas Lingkungan Hidup recorded an activity: Cek lokasi"


async def test_a_refusal_ends_the_journey_and_an_end_is_final(desk: Desk) -> None:
    application_id, code = await desk.submit(journey="izin-bangunan")
    await desk.post("dpmptsp", desk.stage(application_id, "kelengkapan", "done"))
    no = desk.stage(application_id, "lingkungan", "refused", reason="kawasan_lindung")
    answer = await desk.post("dlh", no)
    assert [fact["type"].split(".")[1] for fact in answer.json()["facts"]] == [
        "stage_refused",
        "application_refused",
    ]
    late = await desk.post("dinas-teknis", desk.stage(application_id, "teknis", "done"))
    assert (late.status_code, late.json()["code"]) == (409, "application_ended")
    await desk.replicate()
    told = (await desk.probe.client.get("/v1/tracking", headers=by_code(code))).json()
    assert (told["state"], told["held_by"]) == ("refused", [])
    assert told["timeline"][-1]["en"] == "The application was refused: Protected"
