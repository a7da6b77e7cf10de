"""What a person is told about an application: where it lies, its clock, what to do next."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts import entries
from services.tracking.domain.names import (
    Names,
    Told,
    because,
    requirement_of,
    stage_name,
    stage_of,
)

_STATES: Mapping[str, Told] = {
    "running": Told("Sedang diproses", "In progress"),
    "completed": Told("Selesai", "Completed"),
    "refused": Told("Ditolak", "Refused"),
    "waiting": Told("Menunggu tahap lain", "Waiting for other stages"),
    "open": Told("Berkas diperiksa kelengkapannya", "The file is being checked"),
    "accepted": Told(
        "Berkas lengkap, sedang dikerjakan", "The file is complete and being worked on"
    ),
    "returned": Told("Dikembalikan kepada pemohon", "Returned to the applicant"),
    "done": Told("Selesai", "Done"),
}
_CLOCKS: Mapping[str, tuple[str, Told]] = {
    "waiting": (
        "not_started",
        Told("Belum dimulai: menunggu tahap lain", "Not started: waits for other stages"),
    ),
    "open": (
        "not_started",
        Told("Mulai dihitung saat berkas lengkap", "Starts when the file is complete"),
    ),
    "accepted": (
        "running",
        Told("Berjalan: berkas sudah lengkap", "Running: the file is complete"),
    ),
    "returned": (
        "stopped",
        Told("Berhenti: berkas ada pada pemohon", "Stopped: the file lies with the applicant"),
    ),
    "done": ("ended", Told("Tahap selesai", "The stage is finished")),
    "refused": ("ended", Told("Tahap selesai", "The stage is finished")),
}
_AFTER_THE_END = ("ended", Told("Permohonan sudah berakhir", "The application has ended"))


def story(view: Mapping[str, Any], names: Names) -> dict[str, Any]:
    """The document of one application. `view` is its row of the read model."""
    journey = names.journey(view["journey"], view["revision"])
    stages = _stages(view, journey, names)
    return {
        "application_id": str(view["application_id"]),
        "version": view["version"],
        "state": view["state"],
        "state_text": _STATES[view["state"]]._asdict(),
        "journey": _journey(view, journey),
        "service": {"code": view["service"], **names.service(view["service"])._asdict()}
        if view["service"]
        else None,
        "mall": {"code": view["mall"], "name": names.mall(view["mall"])} if view["mall"] else None,
        "stages": stages,
        "held_by": _held_by(view, stages),
        "agencies": [{"code": code, "name": names.agency(code)} for code in view["agencies"]],
        "next": _next(view, stages, journey)._asdict(),
        "submitted_at": view["submitted_at"].isoformat(),
        "last_update": view["updated_at"].isoformat(),
        "recorded_at": view["recorded_at"].isoformat(),
    }


def _journey(view: Mapping[str, Any], journey: entries.Journey | None) -> dict[str, Any] | None:
    if view["journey"] is None:
        return None
    code = view["journey"]
    name = Told(journey.name_id, journey.name_en) if journey is not None else Told(code, code)
    return {"code": code, "revision": view["revision"], **name._asdict()}


def _stages(
    view: Mapping[str, Any], journey: entries.Journey | None, names: Names
) -> list[dict[str, Any]]:
    """Those of the journey in its order, then those that our catalogue does not know (yet)."""
    opened = {stage["stage"]: stage for stage in view["stages"]}
    listed = journey.stages if journey is not None else ()
    codes = dict.fromkeys([*(stage.code for stage in listed), *opened])
    return [_stage(view, code, opened.get(code), stage_of(journey, code), names) for code in codes]


def _stage(
    view: Mapping[str, Any],
    code: str,
    opened: Mapping[str, Any] | None,
    listed: entries.Stage | None,
    names: Names,
) -> dict[str, Any]:
    state = opened["state"] if opened is not None else "waiting"
    agency = opened["agency"] if opened is not None else listed.agency if listed else ""
    has_ended = view["state"] != "running" and state not in {"done", "refused"}
    clock, why = _AFTER_THE_END if has_ended else _CLOCKS[state]
    reason = opened["because"] if opened is not None else None
    return {
        "stage": code,
        **stage_name(listed, code)._asdict(),
        "agency": agency,
        "agency_name": names.agency(agency),
        "state": state,
        "state_text": _STATES[state]._asdict(),
        "since": opened["since"] if opened is not None else None,
        "clock": {"state": clock, **why._asdict()},
        "because": {"code": reason, **because(listed, reason)._asdict()} if reason else None,
    }


def _held_by(view: Mapping[str, Any], stages: Sequence[Mapping[str, Any]]) -> list[str]:
    """Codes of the agencies that have the file now; `applicant` where it was returned."""
    if view["state"] != "running":
        return []
    holders = [
        "applicant" if stage["state"] == "returned" else stage["agency"]
        for stage in stages
        if stage["state"] in {"open", "accepted", "returned"}
    ]
    return list(dict.fromkeys(holders))


def _next(
    view: Mapping[str, Any], stages: Sequence[Mapping[str, Any]], journey: entries.Journey | None
) -> Told:
    """What the applicant should do now."""
    if view["state"] == "completed":
        return Told("Ambil hasil layanan Anda.", "Collect what you applied for.")
    if view["state"] == "refused":
        return Told(
            "Baca alasan penolakan; Anda dapat bertanya di loket atau mengajukan keberatan.",
            "Read the reason; you may ask at the counter or object to the decision.",
        )
    returned = [stage for stage in stages if stage["state"] == "returned"]
    if returned:
        mends = [_mend(stage, journey) for stage in returned]
        return Told(" ".join(mend.id for mend in mends), " ".join(mend.en for mend in mends))
    return Told(
        "Tidak ada yang perlu Anda lakukan sekarang; kami kabari bila ada perubahan.",
        "You need not do anything now; we tell you when something changes.",
    )


def _mend(stage: Mapping[str, Any], journey: entries.Journey | None) -> Told:
    code = stage["because"]["code"] if stage["because"] else None
    requirement = requirement_of(stage_of(journey, stage["stage"]), code)
    if requirement is not None:
        return Told(
            f"{requirement.mend_id} Lalu ajukan kembali.",
            f"{requirement.mend_en} Then resubmit it.",
        )
    return Told(
        f"Perbaiki berkas untuk tahap {stage['id']}, lalu ajukan kembali.",
        f"Mend the file for {stage['en']}, then resubmit it.",
    )
