"""The public interface of notify: leave an address, have it erased, see what was sent."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from chassis.auth import PUBLIC, Caller, requires
from chassis.clock import now
from chassis.errors import KeyReused, NotFound
from chassis.http import IdempotencyKey, Json, Router
from chassis.service import Running
from contracts.ids import ApplicationId, PersonId
from services.notify import queries
from services.notify.channels import Recipients, sealer_of
from services.notify.channels.message import EmailAddress, Language
from services.notify.channels.recipients import Registration


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class RecipientForm(_Form):
    """Where and in which language somebody wants to be told."""

    email: EmailAddress
    language: Language = "id"


class ErasureForm(_Form):
    """The secret that came with the registration."""

    recipient_code: str = Field(min_length=1, max_length=64)


class RecipientMade(BaseModel):
    """`person_id` goes into applications; `recipient_code` is secret and proves who you are."""

    person_id: PersonId
    recipient_code: str


class RecipientErased(BaseModel):
    """When the address became unreadable."""

    person_id: PersonId
    erased_at: datetime


def router(running: Running) -> Router:
    """The endpoints of notify."""
    found = Router()
    recipients = Recipients(running.database, sealer_of(running.settings))

    @found.command("/v1/recipients", allow=PUBLIC, status=201, refusals=[KeyReused])
    async def register_recipient(
        caller: Caller, key: IdempotencyKey, form: Json[RecipientForm]
    ) -> RecipientMade:
        """Leave an address. It is stored sealed, and shown to nobody."""
        made = await recipients.register(
            Registration(caller.actor, key, form.email, form.language, now())
        )
        return RecipientMade(person_id=made.person_id, recipient_code=made.code)

    @found.command("/v1/recipients/{person_id}/erase", allow=PUBLIC, refusals=[NotFound])
    async def erase_recipient(
        person_id: PersonId, key: IdempotencyKey, form: Json[ErasureForm]
    ) -> RecipientErased:
        """Make the address unreadable for ever. What was decided about applications stays."""
        del key  # erasing twice is the same as once, whatever the key
        erased_at = await recipients.erase(person_id, form.recipient_code, now())
        return RecipientErased(person_id=person_id, erased_at=erased_at)

    @found.query("/v1/notifications", allow=requires("operator", "officer"))
    async def read_notifications(application_id: ApplicationId) -> list[queries.NotificationView]:
        """What the applicant was told, and what became of it."""
        return await queries.notifications_of(running.database, application_id)

    return found
