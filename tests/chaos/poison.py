"""Records on agencies' topics that nobody can read, and the clerk who settles what was parked.

Half of them carry the key of an application that honest agencies report on meanwhile: it must not
notice. What each one is, and why it must be parked, is written into the history.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from aiokafka import AIOKafkaProducer

from contracts.agencies import ActivityReported
from contracts.catalog import agency_topics
from contracts.envelope import Envelope, to_headers
from contracts.ids import AgencyId, ApplicationId, EventId, ReportId
from simulator.platform import Answered
from tests.chaos.client import Ask, Client, World
from tests.chaos.history import Event
from tests.chaos.sender import Sender

SENDERS = ("dlh", "dpmptsp", "dinas-teknis")
_OTHER = "dinkes"
_TOO_LARGE_BYTES = 300_000
_READER = "tracking.reports"
_PAGE = 50


@dataclass(frozen=True)
class Poison:
    """What is wrong with a record, and the reason with which it must be parked.

    `headers` stand in place of the good ones, None leaves one out; `value` makes other content.
    """

    name: str
    reason: str
    headers: Mapping[str, bytes | None] = field(default_factory=dict)
    value: Callable[[ActivityReported], bytes] | None = None
    is_answered: bool = True
    """Whether the headers still tell which report it was about."""


def _broken(report: ActivityReported) -> bytes:
    return report.model_dump_json().encode()[:-1]


def _too_large(report: ActivityReported) -> bytes:
    return _broken(report) + b', "lifecycle": "' + b"a" * _TOO_LARGE_BYTES + b'"}'


def _of_another(report: ActivityReported) -> bytes:
    return json.dumps({**report.model_dump(mode="json"), "agency": _OTHER}).encode()


def _other_report(report: ActivityReported) -> bytes:
    return report.model_copy(update={"report_id": ReportId.new()}).model_dump_json().encode()


POISONS: Sequence[Poison] = (
    Poison("broken JSON", "not_json", value=_broken),
    Poison("an unknown type", "unknown_event", {"ce_type": b"agency.lunch_taken.v1"}),
    Poison("an unknown version", "unknown_event", {"ce_type": b"agency.activity_reported.v2"}),
    Poison("no headers", "malformed_envelope", {"*": None}, is_answered=False),
    Poison("no time", "malformed_envelope", {"ce_time": None}),
    Poison("too large", "body_too_large", value=_too_large),
    Poison(
        "another agency's name",
        "source_mismatch",
        {"ce_source": f"/agencies/{_OTHER}".encode()},
        _of_another,
    ),
    Poison("another report in the body", "id_mismatch", value=_other_report),
)


class Poisoner(Client):
    """An agency whose program is broken. `known` are applications that others report on."""

    def __init__(self, world: World, sender: Sender, known: Callable[[], Sequence[str]]) -> None:
        super().__init__("poisoner", world)
        self._sender = sender
        self._known = known

    async def poison(self) -> None:
        """Put one bad record on a topic, once: whether it arrived may stay unknown."""
        bad, agency = self.lots.choice(POISONS), AgencyId(self.lots.choice(SENDERS))
        known = self._known()
        mine = (
            ApplicationId(self.lots.choice(known)) if known and self.lots.random() < 0.5 else None
        )
        report = ActivityReported(
            report_id=ReportId.new(),
            application_id=mine or ApplicationId.new(),
            activity=f"Rusak {self.lots.randrange(1000)}",
        )
        topic = agency_topics(agency)[0].name
        value = report.model_dump_json().encode() if bad.value is None else bad.value(report)
        headers, key = headers_of(bad, agency, report), str(report.application_id)
        request = {
            "topic": topic,
            "key": key,
            "what": bad.name,
            "reason": bad.reason,
            "sha256": hashlib.sha256(value).hexdigest(),
            "report_id": str(report.report_id) if bad.is_answered else None,
        }
        call = self.world.history.next_call()
        self.world.history.add(Event(self.name, "poison", "invoke", None, call, request))

        async def send(producer: AIOKafkaProducer) -> Any:
            return await producer.send_and_wait(topic, value, key=key.encode(), headers=headers)

        phase, code, place = await self._sender.attempt(send)
        answer = place and {"partition": place.partition, "offset": place.offset}
        self.world.history.add(
            Event(self.name, "poison", phase, None, call, request, code=code, answer=answer)
        )


def headers_of(bad: Poison, agency: AgencyId, report: ActivityReported) -> list[tuple[str, bytes]]:
    """An honest report's headers but for what is wrong with them."""
    if "*" in bad.headers:
        return []
    good = to_headers(
        Envelope(
            id=EventId(report.report_id),
            source=f"/agencies/{agency}",
            type=report.wire_type(),
            subject=str(report.report_id),
            time=datetime.now(UTC),
        )
    )
    found: dict[str, bytes | None] = {**dict(good), **bad.headers}
    return [(name, value) for name, value in found.items() if value is not None]


class Clerk(Client):
    """An operator who goes through what is parked, as `loket parked` does."""

    def __init__(self, world: World) -> None:
        super().__init__("clerk", world)
        self._after = 0

    async def settle(self) -> None:
        """Take one record off the list; or try to apply it again, which must not work."""
        found = await self._waiting()
        if not found:
            self._after = 0
            return
        row = self.lots.choice(found)
        self._after = int(row["id"])
        verb = "redrive" if self.lots.random() < 0.4 else "dismiss"
        path = f"/v1/parked/{row['id']}/{verb}"
        await self.command(Ask(verb, "tracking", path, {}, "operator"))

    async def _waiting(self) -> list[Any]:
        try:
            rows = await self.world.calls.get(
                "tracking",
                "/v1/parked",
                headers=await self.world.calls.bearer("operator"),
                after=self._after,
                limit=_PAGE,
            )
        except (httpx.HTTPError, Answered):
            return []  # the service is away; who looks comes again
        return [row for row in rows if row["consumer"] == _READER]
