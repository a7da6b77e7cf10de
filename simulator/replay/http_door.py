"""The HTTP doors of tracking: handing in an application, and an agency's report about it."""

import json
from typing import Any

import httpx

from contracts.agencies import ActivityReported
from contracts.ids import ApplicationId
from simulator.platform import Calls
from simulator.replay.book import Case, Outcome, Report
from simulator.replay.enrolment import client_of
from simulator.replay.patience import Patience
from simulator.replay.wire import ConnectionLost, Reply, Wire

# With a token of ours, nobody else can come upon the idempotency keys, which follow from the log.
OPERATOR = "operator"
_CREATED, _OK, _UNAUTHORIZED = 201, 200, 401
# A rule of tracking said no; the answer is final. Everything else that is no success is a mistake
# of ours or of the platform, and hiding it as a refusal would make a bad replay look good.
_REFUSED = frozenset({403, 404, 409, 422})
_OUR_MISTAKES = frozenset({"key_reused", "not_allowed", "not_found", "no_such_address"})


class Unexpected(Exception):
    """The platform answered something that an honest client should never see."""


class HttpDoor:
    """Hands in applications as the operator of the replay, and reports as each agency."""

    def __init__(self, url: str, calls: Calls, patience: Patience) -> None:
        self._wire = Wire(url)
        self._calls = calls
        self._patience = patience

    async def submit(self, case: Case) -> ApplicationId:
        """The application of a case; the same one for every run. Raises GaveUp."""
        reply = await self._patience.post(
            lambda: self._attempt(OPERATOR, "/v1/applications", case.key, b"{}")
        )
        if reply.status not in {_CREATED, _OK}:
            raise _unexpected("an application", reply)
        return ApplicationId(reply.json()["application_id"])

    async def deliver(self, report: Report, application: ApplicationId) -> Outcome:
        """Send a report and return how it was answered. Raises GaveUp."""
        path = f"/v1/agencies/{report.agency}/reports"
        body = json.dumps(body_of(report, application)).encode()
        client = client_of(report.agency)
        reply = await self._patience.post(lambda: self._attempt(client, path, str(report.id), body))
        if reply.status in {_CREATED, _OK}:
            return "accepted"
        code = reply.json().get("code")
        if reply.status in _REFUSED and code and code not in _OUR_MISTAKES:
            return "refused"
        raise _unexpected("a report", reply)

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.close()

    async def _attempt(self, client: str, path: str, key: str, body: bytes) -> Reply:
        try:
            token = await self._calls.bearer(client)
        except httpx.HTTPError as problem:
            raise ConnectionLost(f"no token: {type(problem).__name__}") from problem
        reply = await self._wire.post(path, {"idempotency-key": key, **token}, body)
        if reply.status == _UNAUTHORIZED:
            # The issuer's key may have changed under a token that had not run out yet.
            raise ConnectionLost("401, the token was not believed")
        return reply


def fact_of(report: Report, application: ApplicationId) -> ActivityReported:
    """The report as the contract words it, for both doors."""
    return ActivityReported(
        report_id=report.id,
        application_id=application,
        activity=report.activity,
        lifecycle=report.lifecycle,
    )


def body_of(report: Report, application: ApplicationId) -> dict[str, Any]:
    """The report as the HTTP door takes it."""
    return {
        "type": "activity",
        "report_id": str(report.id),
        "application_id": str(application),
        "occurred_at": report.time,
        "activity": report.activity,
        "lifecycle": report.lifecycle,
    }


def _unexpected(what: str, reply: Reply) -> Unexpected:
    code = reply.json().get("code", "no code")
    return Unexpected(
        f"The platform answered {reply.status} ({code}) to {what}, which no replay should see: "
        "see `loket logs tracking`"
    )
