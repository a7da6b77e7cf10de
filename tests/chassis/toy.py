"""A service as small as possible, to try the chassis on: pots with a capacity, and coins."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Integer, MetaData, Table
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from chassis.arrivals import Delivered
from chassis.database import Tx, lock_rows, save_rows
from chassis.decide import Domain, States
from chassis.http import Router
from chassis.service import Running, Service
from chassis.settings import ServiceSettings
from chassis.subscription import Subscription, project, react, reading_of
from contracts.base import Answer, Command, Decision, Fact, Refused
from contracts.ids import Actor, Id

CAPACITY = 40
SCHEMA = """
CREATE TABLE pots (
    id uuid PRIMARY KEY, version integer NOT NULL, coins integer NOT NULL CHECK (coins <= 40)
);
CREATE TABLE pot_view (id uuid PRIMARY KEY, coins integer NOT NULL, facts integer NOT NULL);
GRANT SELECT, INSERT, UPDATE ON pots, pot_view TO {app};
"""
metadata = MetaData()
pots = Table(
    "pots",
    metadata,
    Column("id", PG_UUID, primary_key=True),
    Column("version", Integer),
    Column("coins", Integer),
)
pot_view = Table(
    "pot_view",
    metadata,
    Column("id", PG_UUID, primary_key=True),
    Column("coins", Integer),
    Column("facts", Integer),
)


class PotId(Id):
    """One pot."""


class CoinAdded(Fact):
    """A coin was put into the pot, which then held `coins`."""

    type = "toy.coin_added"
    aggregate = "pot"
    identity = "pot_id"
    topic = "toy.pots.v1"

    pot_id: PotId
    coins: int


class CoinForgotten(Fact):
    """A fact that the toy's consumers know and do not look into."""

    type = "toy.coin_forgotten"
    aggregate = "pot"
    identity = "pot_id"
    topic = "toy.pots.v1"

    pot_id: PotId


KNOWN = {event.wire_type(): event for event in (CoinAdded, CoinForgotten)}


@dataclass(frozen=True)
class Pot:
    id: PotId
    version: int = 0
    coins: int = 0


class PotFull(Refused):
    """No coin fits any more."""

    code = "pot_full"
    title_id = "Pot sudah penuh"
    title_en = "The pot is full"


class AddCoin(Command):
    pot_id: PotId
    note: str = ""

    def needs(self) -> Sequence[Hashable]:
        return (self.pot_id,)


class Added(Answer):
    coins: int


def add_coin(command: AddCoin, states: States) -> Decision:
    if command.note == "bug":
        raise ZeroDivisionError
    pot: Pot = states.get(command.pot_id) or Pot(command.pot_id)
    if pot.coins >= CAPACITY and command.note != "force":
        raise PotFull(capacity=CAPACITY)
    coins = pot.coins + 1
    return Decision([CoinAdded(pot_id=command.pot_id, coins=coins)], Added(coins=coins))


def evolve(states: States, fact: Fact, at: datetime) -> Iterable[Pot]:
    assert isinstance(fact, CoinAdded)
    pot: Pot = states.get(fact.pot_id) or Pot(fact.pot_id)
    yield replace(pot, version=pot.version + 1, coins=fact.coins)


async def load_many(tx: Tx, keys: Sequence[Hashable]) -> dict[Hashable, Any]:
    rows = await lock_rows(tx, pots, [key for key in keys if isinstance(key, PotId)])
    return {PotId(row["id"]): Pot(PotId(row["id"]), row["version"], row["coins"]) for row in rows}


async def save_many(tx: Tx, states: Sequence[Any]) -> None:
    await save_rows(tx, pots, [(pot.id, pot.version, pot.coins) for pot in states])


DOMAIN = Domain({AddCoin: add_coin}, load_many, save_many, evolve)


@dataclass(frozen=True)
class PotRow:
    id: PotId
    coins: int
    facts: int


async def load_view(tx: Tx, keys: Sequence[Hashable]) -> dict[Hashable, Any]:
    rows = await lock_rows(tx, pot_view, [key for key in keys if isinstance(key, PotId)])
    return {PotId(row["id"]): PotRow(PotId(row["id"]), row["coins"], row["facts"]) for row in rows}


async def save_view(tx: Tx, rows: Sequence[Any]) -> None:
    await save_rows(tx, pot_view, [(row.id, row.coins, row.facts) for row in rows])


def fold(rows: Any, delivered: Delivered) -> Iterable[PotRow]:
    fact = delivered.fact
    assert isinstance(fact, CoinAdded)
    if fact.coins == 99:  # the poison of these tests
        raise ZeroDivisionError
    before = rows.get(fact.pot_id) or PotRow(fact.pot_id, 0, 0)
    yield replace(before, coins=fact.coins, facts=before.facts + 1)


def keys(delivered: Delivered) -> Iterable[Hashable]:
    return (delivered.fact.pot_id,) if isinstance(delivered.fact, CoinAdded) else ()


def on_coin_added(delivered: Delivered) -> Sequence[Command]:
    """Each coin of somebody else's pot adds one to ours, the mirror."""
    fact = delivered.fact
    assert isinstance(fact, CoinAdded)
    envelope = delivered.envelope
    return [
        AddCoin(
            actor=Actor("system:toy"),
            at=envelope.time,
            key=str(envelope.id),
            pot_id=PotId.of("mirror", str(fact.pot_id)),
        )
    ]


VIEW = Subscription(
    consumer="toy.view",
    topics=(CoinAdded.topic,),
    reading=reading_of([CoinAdded], KNOWN),
    apply=project(keys, load_view, fold, save_view),
)
MIRROR = Subscription(
    consumer="toy.mirror",
    topics=(CoinAdded.topic,),
    reading=reading_of([CoinAdded], KNOWN),
    apply=react(DOMAIN, {CoinAdded: on_coin_added}),
)


def router(running: Running) -> Router:
    return Router()


def service(*subscriptions: Subscription) -> Service:
    return Service("toy", ServiceSettings, DOMAIN, router, subscriptions)
