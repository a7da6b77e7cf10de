"""Gives each principal of a locked Kafka its credentials and its rights, and nobody else any.

Everything is set at once, as sets, so that doing it again changes nothing and what should not be
there goes away.
"""

import asyncio
import time
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from chassis.kafka import Access
from contracts.access import Grant, grants, principal_of
from contracts.catalog import agency_topics
from contracts.ids import AgencyId
from local import credentials, topics
from local.errors import StackError
from local.kafka_settings import ADMIN

ITERATIONS = 4096
SECONDS = 20.0
_LOOK_SECONDS = 0.02


def wanted(codes: Collection[AgencyId]) -> frozenset[Grant]:
    """The rights on a local stack: those of the contracts, and those of the simulator."""
    played = {
        grant
        for code in codes
        for reports, answers in [agency_topics(code)]
        for grant in (
            Grant(credentials.SIMULATOR, "WRITE", "TOPIC", reports.name),
            Grant(credentials.SIMULATOR, "READ", "TOPIC", answers.name),
        )
    }
    return grants(codes) | played


async def set_all(
    home: Path,
    admin: Access,
    codes: Collection[AgencyId],
    ours: Collection[str] = credentials.OURS,
) -> None:
    """Everybody of the stack, and these agencies beside those already known, may what they should.

    Whoever is neither among `ours` nor an agency has no login and no rights afterwards. Raises
    StackError when Kafka refuses or does not follow.
    """
    agencies = {*codes, *credentials.agencies(home)}
    names = {*ours, *map(principal_of, agencies)} - credentials.revoked(home)
    passwords = {name: credentials.password(home, name) for name in sorted(names)}
    allowed = {grant for grant in wanted(agencies) if grant.principal in names}
    await asyncio.to_thread(_apply, admin, allowed, passwords)


async def enrol(home: Path, bootstrap: str, codes: Collection[AgencyId]) -> None:
    """Agencies that join while the stack runs get their topics, credentials and rights."""
    admin = credentials.access(home, bootstrap, ADMIN)
    await topics.create(admin, [topic for code in codes for topic in agency_topics(code)])
    await set_all(home, admin, codes)


async def revoke(
    home: Path, bootstrap: str, agency: AgencyId, ours: Collection[str] = credentials.OURS
) -> None:
    """An agency may nothing from now on, also over connections that are open.

    Removing credentials keeps new connections out only; removing rights acts at the next request.
    """
    principal = principal_of(agency)
    if agency not in credentials.agencies(home):
        raise StackError(f"No agency {agency!r} has access to Kafka.")
    credentials.revoke(home, principal)
    await set_all(home, credentials.access(home, bootstrap, ADMIN), (), ours)


async def readmit(
    home: Path, bootstrap: str, agency: AgencyId, ours: Collection[str] = credentials.OURS
) -> None:
    """An agency may again what agencies may, with a new password."""
    if agency not in credentials.agencies(home):
        raise StackError(f"No agency {agency!r} has had access to Kafka.")
    credentials.readmit(home, principal_of(agency))
    await set_all(home, credentials.access(home, bootstrap, ADMIN), (), ours)


async def state_of(
    home: Path, bootstrap: str, agency: AgencyId
) -> Literal["granted", "revoked", "unfinished"]:
    """What the broker says, whatever was wanted: a change that Kafka did not take is not made.

    Raises StackError when it says nothing.
    """
    admin = credentials.access(home, bootstrap, ADMIN)
    return await asyncio.to_thread(_state, admin, principal_of(agency))


def librdkafka(access: Access) -> dict[str, Any]:
    """The same way in for a client on librdkafka."""
    return {
        "bootstrap.servers": access.bootstrap,
        "security.protocol": "SASL_SSL" if access.tls else "SASL_PLAINTEXT",
        "sasl.mechanism": access.mechanism,
        "sasl.username": access.username,
        "sasl.password": access.password,
        **({"ssl.ca.location": str(access.ca_file)} if access.ca_file else {}),
    }


def _apply(admin: Access, allowed: set[Grant], passwords: Mapping[str, str]) -> None:
    with _administering(admin) as client:
        _set_rights(client, allowed)
        _set_credentials(client, passwords)


def _state(admin: Access, principal: str) -> Literal["granted", "revoked", "unfinished"]:
    with _administering(admin) as client:
        may = any(one.principal == f"User:{principal}" for one in _bindings(client))
        knows = principal in _users(client)
    if may != knows:
        return "unfinished"
    return "granted" if may else "revoked"


@contextmanager
def _administering(admin: Access) -> Iterator[AdminClient]:
    try:
        yield AdminClient({**librdkafka(admin), "log_level": 0})
    except KafkaException as problem:
        raise StackError(f"Kafka refused a question about its rights: {problem}") from problem
    except TimeoutError as problem:
        raise StackError(f"Kafka did not answer within {SECONDS:.0f} s: try again.") from problem


def _set_rights(client: AdminClient, allowed: set[Grant]) -> None:
    bindings = {_binding(grant) for grant in allowed}
    there = _bindings(client)
    if surplus := there - bindings:
        _all(client.delete_acls([_filter_of(one) for one in surplus]))
    if missing := bindings - there:
        _all(client.create_acls(list(missing)))
    _until(lambda: _bindings(client) == bindings, "rights")


def _set_credentials(client: AdminClient, passwords: Mapping[str, str]) -> None:
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, ITERATIONS)
    surplus = _users(client) - passwords.keys()
    _all(
        client.alter_user_scram_credentials(
            [
                *(
                    UserScramCredentialUpsertion(name, info, word.encode())
                    for name, word in passwords.items()
                ),
                *(UserScramCredentialDeletion(name, info.mechanism) for name in surplus),
            ]
        )
    )
    _until(lambda: _users(client) == passwords.keys(), "credentials")


def _users(client: AdminClient) -> set[str]:
    answer: Any = client.describe_user_scram_credentials()
    return set(answer.result(SECONDS))


def _bindings(client: AdminClient) -> set[AclBinding]:
    any_text: Any = None  # which the library's annotations forget
    everything = AclBindingFilter(
        ResourceType.ANY,
        any_text,
        ResourcePatternType.ANY,
        any_text,
        any_text,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    return set(client.describe_acls(everything).result(SECONDS))


def _binding(grant: Grant) -> AclBinding:
    pattern = ResourcePatternType.PREFIXED if grant.prefixed else ResourcePatternType.LITERAL
    return AclBinding(
        ResourceType[grant.kind],
        grant.name,
        pattern,
        f"User:{grant.principal}",
        "*",
        AclOperation[grant.operation],
        AclPermissionType.ALLOW,
    )


def _filter_of(one: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        one.restype,
        one.name,
        one.resource_pattern_type,
        one.principal,
        one.host,
        one.operation,
        one.permission_type,
    )


def _all(futures: Mapping[Any, "Future[Any]"]) -> None:
    for future in futures.values():
        future.result(SECONDS)


def _until(is_so: Any, what: str) -> None:
    """A broker learns of what the controller has written a moment later."""
    deadline = time.monotonic() + SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise StackError(f"Kafka did not take its new {what} within {SECONDS:.0f} s.")
        time.sleep(_LOOK_SECONDS)
