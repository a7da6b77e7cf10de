"""What is decided about the release of a day."""

from contracts.base import Decision
from contracts.booking import DayAnnounced
from services.booking.commands.releases import (
    AnnounceDay,
    DayMade,
    DayWentOn,
    ReleasePart,
    RevealSeed,
)
from services.booking.domain import release
from services.booking.domain.offer import must_be_own
from services.booking.domain.policy import policy_of, quota_of
from services.booking.domain.release_refusals import DayKnownAlready
from services.booking.domain.states import (
    States,
    day_named,
    get_day,
    get_mall,
    get_service,
    sessions_of,
)


def announce_day(command: AnnounceDay, states: States) -> Decision:
    """How the day is released, for good; where something is drawn, with the seed's digest."""
    must_be_own(command.mall, command.staff_mall)
    mall = get_mall(states, command.mall)
    mall.must_offer(get_service(states, command.service))
    if day_named(states, command.day) is not None:
        raise DayKnownAlready(service_date=command.service_date.isoformat())
    policy = policy_of(states, mall, command.service)
    fact = DayAnnounced(
        day_id=command.day_id,
        mall=command.mall,
        service=command.service,
        service_date=command.service_date,
        policy=policy.rules.code,
        policy_version=policy.version,
        mode=command.mode,
        opens_at=command.opens_at,
        closes_at=command.closes_at,
        spread_s=command.spread_s,
        seed_digest=None if command.mode == "open" else command.seed_digest,
        parts=command.parts,
        most=quota_of(states, command.mall, command.service, command.service_date),
    )
    release.must_be_possible_times(fact, mall, command.at)
    return Decision([fact], DayMade(day_id=fact.day_id, seed_digest=fact.seed_digest))


def reveal_seed(command: RevealSeed, states: States) -> Decision:
    """The seed of a waiting room."""
    fact = release.revealed(get_day(states, command.day_id), command.seed, command.at)
    return Decision([fact], DayWentOn(day_id=command.day_id))


def release_part(command: ReleasePart, states: States) -> Decision:
    """One part more, in every session of the day."""
    day = get_day(states, command.day_id)
    facts = release.released_part(day, sessions_of(states, day.id), command.at)
    return Decision(facts, DayWentOn(day_id=command.day_id))
