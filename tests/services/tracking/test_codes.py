"""Tracking codes: read by people, guessed by nobody, stored nowhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.ids import ApplicationId
from services.tracking.domain.code import Codes
from services.tracking.settings import TrackingSettings
from tests.services.tracking.desk import SECRET, Desk, by_code

CODES = Codes(SECRET)
UNKNOWN = "0000-0000-0000-0"


@given(st.uuids())
def test_a_code_belongs_to_its_application_however_it_is_written(value: object) -> None:
    application_id = ApplicationId(str(value))
    code = CODES.code_of(application_id)
    assert len(code) == 13
    assert CODES.belongs(code, application_id)
    spoken = f" {code[:4]}-{code[4:8]} {code[8:]}".lower().replace("0", "o").replace("1", "l")
    assert CODES.belongs(spoken, application_id)


@given(st.uuids(), st.uuids())
def test_codes_of_two_applications_differ_and_another_secret_makes_others(
    one: object, two: object
) -> None:
    first, second = ApplicationId(str(one)), ApplicationId(str(two))
    assert (CODES.code_of(first) == CODES.code_of(second)) == (first == second)
    assert Codes(b"another secret").code_of(first) != CODES.code_of(first)


def test_the_secret_is_never_printed() -> None:
    assert SECRET.decode() not in repr(CODES)


def test_neighbouring_applications_share_nothing_in_their_codes() -> None:
    start = int(ApplicationId.of("somewhere"))
    codes = {CODES.code_of(ApplicationId(f"{start + step:032x}")) for step in range(2000)}
    assert len(codes) == 2000
    assert len({code[:4] for code in codes}) > 1900


async def test_the_code_is_stored_as_a_digest_only(desk: Desk) -> None:
    application_id, code = await desk.submit()
    (row,) = await desk.probe.rows("SELECT * FROM tracking_codes")
    assert row["application_id"] == application_id
    assert row["digest"] == CODES.digest(code)
    for table in ("commands", "event_log", "applications", "tracking_codes"):
        for found in await desk.probe.rows(f"SELECT t::text AS whole FROM {table} t"):  # noqa: S608
            assert code not in found["whole"]


async def test_a_wrong_code_an_unknown_one_and_nonsense_get_the_same_answer(desk: Desk) -> None:
    _, code = await desk.submit()
    await desk.replicate()
    wrong = code[:-2] + ("A" if code[-2] != "A" else "B") + code[-1]
    answers = []
    for shown in (wrong, UNKNOWN, "x", "'; DROP TABLE timeline; --", "A" * 5000):
        answer = await desk.probe.client.get("/v1/tracking", headers=by_code(shown))
        answers.append((answer.status_code, {**answer.json(), "instance": ""}))
    assert answers == [answers[0]] * len(answers)
    assert answers[0][0] == 404
    assert (await desk.probe.client.get("/v1/tracking")).status_code == 401


async def test_a_code_opens_its_own_application_only(desk: Desk) -> None:
    application_id, _ = await desk.submit(journey="izin-bangunan")
    _, other = await desk.submit(journey="izin-bangunan")
    back = desk.stage(application_id, "kelengkapan", "returned", requirement="gambar_rencana")
    await desk.post("dpmptsp", back)
    path = f"/v1/applications/{application_id}/stages/kelengkapan/resubmit"
    post = desk.probe.client.post
    stranger = await post(path, headers={**desk.key(), **by_code(other)})
    nobody = await post(
        f"/v1/applications/{ApplicationId.new()}/stages/kelengkapan/resubmit",
        headers={**desk.key(), **by_code(other)},
    )
    assert stranger.status_code == nobody.status_code == 404
    assert stranger.json()["code"] == nobody.json()["code"] == "not_found"
    assert (await desk.facts_of(application_id))[-1] == "stage_returned:kelengkapan"


async def test_a_stage_that_was_not_returned_cannot_be_resubmitted(desk: Desk) -> None:
    application_id, code = await desk.submit(journey="izin-bangunan")
    for stage, status, told in (
        ("kelengkapan", 409, "stage_not_returned"),
        ("tidak-ada", 404, "stage_unknown"),
    ):
        answer = await desk.probe.client.post(
            f"/v1/applications/{application_id}/stages/{stage}/resubmit",
            headers={**desk.key(), **by_code(code)},
        )
        assert (answer.status_code, answer.json()["code"]) == (status, told)


async def test_a_repeated_submission_gets_the_same_application_and_code(desk: Desk) -> None:
    headers = {**desk.key(), **desk.probe.bearer("siti", "officer")}
    post = desk.probe.client.post
    first = await post("/v1/applications", json={}, headers=headers)
    again = await post("/v1/applications", json={}, headers=headers)
    assert first.json() == again.json()
    other = await post("/v1/applications", json={"journey": "izin-bangunan"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert len(await desk.probe.facts()) == 1


async def test_without_a_token_only_a_key_that_cannot_be_guessed_is_taken(desk: Desk) -> None:
    post = desk.probe.client.post
    short = await post("/v1/applications", json={}, headers={"Idempotency-Key": "12345678"})
    assert (short.status_code, short.json()["code"]) == (400, "idempotency_key_missing")
    assert (await post("/v1/applications", json={}, headers=desk.key())).status_code == 201


async def test_what_the_catalogue_does_not_know_is_refused_by_name(desk: Desk) -> None:
    for form, code in (
        ({"journey": "tidak-ada"}, "journey_unknown"),
        ({"service": "DUK-KTP"}, "service_unknown"),
        ({"mall": "tidak-ada"}, "mall_unknown"),
    ):
        answer = await desk.probe.client.post("/v1/applications", json=form, headers=desk.key())
        assert (answer.status_code, answer.json()["code"]) == (404, code)


async def test_a_code_works_at_once_but_asks_for_patience_until_the_view_is_there(
    desk: Desk,
) -> None:
    _, code = await desk.submit()
    answer = await desk.probe.client.get("/v1/tracking", headers=by_code(code))
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    await desk.replicate()
    assert (await desk.probe.client.get("/v1/tracking", headers=by_code(code))).status_code == 200


def test_a_secret_that_is_missing_or_short_is_told_at_the_start(tmp_path: object) -> None:
    short = f"{tmp_path}/short"
    with open(short, "wb") as file:  # noqa: PTH123 - a plain file
        file.write(b"short")
    for path in (short, f"{tmp_path}/missing"):
        with pytest.raises(ValueError, match="code_key_file"):
            TrackingSettings(
                code_key_file=path,
                database_url="postgresql+asyncpg://x@127.0.0.1/x",
                kafka_bootstrap="127.0.0.1:1",
                jwks_url="",
                token_issuer="",
            )
