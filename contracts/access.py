"""Who may do what on Kafka: one list, made from the topics' owners and readers.

A broker that is given these grants, and denies what is not granted, holds "only its owner writes to
a topic" by itself, whatever a client says. Writing and reading a topic include seeing that it is
there; writing with idempotence needs no right of its own since Kafka 3.0 (KIP-679). Nobody may use
transactions, make topics or change the cluster.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from contracts.catalog import TOPICS, Topic, agency_topics
from contracts.ids import AgencyId

SERVICES = ("booking", "queue", "tracking", "notify", "ledger")
OPERATOR = "operator"
"""Sees everything and changes nothing: for audits and checks."""


@dataclass(frozen=True, order=True, slots=True)
class Grant:
    """One thing that one principal may do. A prefixed name stands for all that begin with it."""

    principal: str
    operation: Literal["READ", "WRITE", "DESCRIBE"]
    kind: Literal["TOPIC", "GROUP"]
    name: str
    prefixed: bool = False


def principal_of(agency: AgencyId) -> str:
    """The name under which an agency's systems log in, the same as that of its HTTP client."""
    return f"agency-{agency}"


def grants(agencies: Iterable[AgencyId]) -> frozenset[Grant]:
    """Everything that is allowed on a platform with these agencies."""
    codes = sorted(agencies)
    found = {grant for service in SERVICES for grant in _groups(service)}
    found |= {grant for topic in TOPICS for grant in _topic(topic)}
    for code in codes:
        found |= {grant for topic in agency_topics(code) for grant in _topic(topic)}
        found |= of_agency(code)
    return frozenset(found | _operator())


def of_agency(agency: AgencyId) -> set[Grant]:
    """What one agency's systems may: write its reports, and read its answers in groups of its own.

    The contracts name it as the owner of the one topic and, by a note, as reader of the other.
    """
    reports, answers = agency_topics(agency)
    principal = principal_of(agency)
    return {
        Grant(principal, "WRITE", "TOPIC", reports.name),
        Grant(principal, "READ", "TOPIC", answers.name),
        Grant(principal, "READ", "GROUP", f"agency.{agency}.", prefixed=True),
    }


def _topic(topic: Topic) -> set[Grant]:
    owner = topic.owner
    kind, _, agency = owner.partition(":")
    writer = principal_of(AgencyId(agency)) if kind == "agency" else owner
    return {
        Grant(writer, "WRITE", "TOPIC", topic.name),
        *(Grant(reader, "READ", "TOPIC", topic.name) for reader in topic.readers),
    }


def _groups(service: str) -> set[Grant]:
    return {
        Grant(service, "READ", "GROUP", service),
        Grant(service, "READ", "GROUP", f"{service}.", prefixed=True),
    }


def _operator() -> set[Grant]:
    return {
        Grant(OPERATOR, "READ", "TOPIC", "*"),
        Grant(OPERATOR, "DESCRIBE", "GROUP", "*"),
        Grant(OPERATOR, "READ", "GROUP", f"{OPERATOR}.", prefixed=True),
    }
