"""Policies of lines, in every version that a call may name."""

from pydantic import BaseModel

from chassis.database import Database
from contracts.ids import PolicyCode
from contracts.queue_entries import QueuePolicy
from services.queue.domain.policy import BUILT_IN
from services.queue.domain.refusals import PolicyUnknown

OF_POLICIES = (PolicyUnknown,)
_NEWEST = "SELECT body::text FROM policies WHERE code = $1 ORDER BY revision DESC LIMIT 1"
_VERSION = "SELECT body::text FROM policies WHERE code = $1 AND revision = $2"


class PolicyView(BaseModel):
    """A policy in one version; `terms` are what the catalogue says. 0 is built in."""

    code: PolicyCode
    version: int
    terms: QueuePolicy


async def policy(database: Database, code: PolicyCode, version: int | None) -> PolicyView:
    """A policy in this version, or in its newest. Raises PolicyUnknown."""
    async with database.transaction() as tx:
        if version is None:
            body = await tx.fetchval(_NEWEST, code)
        else:
            body = await tx.fetchval(_VERSION, code, version)
    if body is not None:
        terms = QueuePolicy.model_validate_json(body)
        return PolicyView(code=code, version=terms.revision, terms=terms)
    if code == BUILT_IN.code and version in {None, BUILT_IN.version}:
        return PolicyView(code=code, version=BUILT_IN.version, terms=BUILT_IN.terms)
    raise PolicyUnknown(code=code)
