"""What the tests of notify do again and again: register, submit, deliver by hand, look."""

from typing import Any

from chassis.testing import Probe
from contracts.ids import ApplicationId, PersonId
from contracts.tracking import ApplicationSubmitted
from services.notify.channels import Recipients, channel_of, sealer_of
from services.notify.delivery import Delivery


async def register(
    probe: Probe, email: str = "siti@example.org", key: str = "registration-1", **body: str
) -> dict[str, Any]:
    """A recipient: person_id and recipient_code."""
    answer = await probe.client.post(
        "/v1/recipients", json={"email": email, **body}, headers={"Idempotency-Key": key}
    )
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def erase(probe: Probe, made: dict[str, Any], code: str | None = None) -> Any:
    return await probe.client.post(
        f"/v1/recipients/{made['person_id']}/erase",
        json={"recipient_code": code or made["recipient_code"]},
        headers={"Idempotency-Key": "erasure-1"},
    )


async def submit(probe: Probe, made: dict[str, Any]) -> ApplicationId:
    """An application of this recipient arrives from Kafka."""
    application_id = ApplicationId.new()
    fact = ApplicationSubmitted(
        application_id=application_id, applicant_id=PersonId(made["person_id"])
    )
    await probe.deliver("notify", probe.arrival(fact))
    return application_id


def deliverer(probe: Probe) -> Delivery:
    """As the service makes one when it starts."""
    settings = probe.running.settings
    recipients = Recipients(probe.running.database, sealer_of(settings))
    return Delivery(probe.running, settings, channel_of(settings), recipients)


async def make_due(probe: Probe) -> None:
    """Let the time pass that an attempt or a pause has."""
    await probe.rows("UPDATE deliveries SET due_at = clock_timestamp() WHERE due_at IS NOT NULL")


async def deliver_all(probe: Probe) -> int:
    """Attempt what is due, without waiting for pauses; how many attempts that took."""
    delivery, attempts = deliverer(probe), 0
    while await delivery.deliver_next():
        attempts += 1
        assert attempts < 100
        await make_due(probe)
    return attempts


async def told(probe: Probe) -> list[tuple[str, int | None, str | None]]:
    """The facts of notify: what happened, at which attempt, why."""
    found = []
    for fact in await probe.facts():
        payload = fact["payload"]
        attempt = payload.get("attempt", payload.get("attempts"))
        name = fact["type"].removeprefix("notify.notification_").removesuffix(".v1")
        found.append((name, attempt, payload.get("reason")))
    return found
