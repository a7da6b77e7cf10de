"""Ways to spoil a run in one place, each as a function to call on it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from checker.evidence import Command, Evidence, Parked, Record
from tests.checker.world import World

Spoil = Callable[[World, Evidence], None]
POISON = Parked("r", "queue.tickets.v1", 0, 7, "t9", "not_json", True, False)


def index_of(world: World, type_: str, id_: str) -> int:
    return next(
        at
        for at, one in enumerate(world.facts)
        if one.type == f"{type_}.v1" and one.aggregate_id == id_
    )


def drop(type_: str, id_: str) -> Spoil:
    def spoil(world: World, evidence: Evidence) -> None:
        del world.facts[index_of(world, type_, id_)]

    return spoil


def repeat(type_: str, id_: str) -> Spoil:
    def spoil(world: World, evidence: Evidence) -> None:
        at = index_of(world, type_, id_)
        world.facts.insert(at + 1, replace(world.facts[at], id="again"))

    return spoil


def change(type_: str, id_: str, **fields: Any) -> Spoil:
    def spoil(world: World, evidence: Evidence) -> None:
        at = index_of(world, type_, id_)
        data = {**world.facts[at].data, **fields.pop("data", {})}
        world.facts[at] = replace(world.facts[at], data=data, **fields)

    return spoil


def swap(type_: str, other: str, id_: str) -> Spoil:
    """Two facts in the other order, numbered so that only their order is wrong."""

    def spoil(world: World, evidence: Evidence) -> None:
        one, two = index_of(world, type_, id_), index_of(world, other, id_)
        first, second = world.facts[one], world.facts[two]
        world.facts[one] = replace(second, version=first.version)
        world.facts[two] = replace(first, version=second.version)

    return spoil


def listed(name: str, edit: Callable[[list[Any]], Any]) -> Spoil:
    def spoil(world: World, evidence: Evidence) -> None:
        rows = list(getattr(evidence, name))
        edit(rows)
        setattr(evidence, name, rows)

    return spoil


def put(name: str, value: Any) -> Spoil:
    def spoil(world: World, evidence: Evidence) -> None:
        setattr(evidence, name, value)

    return spoil


def seen(
    op: str, key: str | None, request: dict[str, Any], answer: Any, phase: str = "ok"
) -> Spoil:
    def spoil(world: World, evidence: Evidence) -> None:
        world.see(op, phase, key, request, answer)

    return spoil


def without_command(key: str) -> Spoil:
    return listed("commands", lambda rows: rows.remove(next(x for x in rows if x.key == key)))


def refused_in_table(rows: list[Command]) -> None:
    at = next(at for at, one in enumerate(rows) if one.key == "k-b1")
    rows[at] = replace(rows[at], answer=None)


def refused_report(rows: list[Command]) -> None:
    at = next(at for at, one in enumerate(rows) if one.key == "report:r2")
    rows[at] = replace(rows[at], answer={"report_id": "r2", "refusal": {"code": "stage_not_open"}})


def other_answer(rows: list[Command]) -> None:
    at = next(at for at, one in enumerate(rows) if one.key == "k-t2")
    rows[at] = replace(rows[at], answer={"ticket_id": "t3"})


def swapped(rows: list[Any], one: int, two: int) -> None:
    rows[one], rows[two] = rows[two], rows[one]


def swapped_places(rows: list[Any]) -> None:
    at = [x.event_id for x in rows].index("e2")  # b1 booked, then cancelled
    one, two = rows[at], rows[at + 1]
    rows[at] = replace(one, event_id=two.event_id)
    rows[at + 1] = replace(two, event_id=one.event_id)


def swapped_records(rows: list[Record]) -> None:
    at = [x.id for x in rows].index("e2")
    one, two = rows[at], rows[at + 1]
    rows[at] = replace(one, id=two.id, value=two.value)
    rows[at + 1] = replace(two, id=one.id, value=one.value)


def older_view(rows: list[Any]) -> None:
    rows[0] = {**rows[0], "version": 1}


def other_view(rows: list[Any]) -> None:
    rows[0] = {**rows[0], "agencies": ["nobody"]}


def told_early(world: World, evidence: Evidence) -> None:
    """Who asked after ticket 3 was known has number 2."""
    order = [one for one in world.history if one.key == "k-t3"]
    rest = [one for one in world.history if one.key != "k-t3"]
    early = [replace(one, at=at) for at, one in enumerate(order, start=1)]
    world.history[:] = [*early, *rest]


def stream_back(world: World, evidence: Evidence) -> None:
    world.see("stream", "ok", None, {}, {"position": 2, "event": "fact"})


def stream_jump(world: World, evidence: Evidence) -> None:
    world.see("stream", "ok", None, {}, {"position": 9, "event": "fact"})


def again(world: World, evidence: Evidence) -> None:
    queued = world.facts[index_of(world, "notify.notification_queued", "n1")]
    world.facts.append(replace(queued, aggregate_id="n2"))


def read_back(world: World, evidence: Evidence) -> None:
    request = {"service": "tracking", "path": "/v1/applications/app1"}
    world.see("read", "invoke", None, request, call=999)
    world.see("read", "ok", None, request, {"version": 1}, call=999)


def poison_seen(answer_offset: int) -> Spoil:
    request = {"topic": "queue.tickets.v1", "key": "t9"}
    return seen("poison", None, request, {"partition": 0, "offset": answer_offset})


BOOK = {"service": "booking", "path": "/book", "body": {"person_id": "p9"}}
STAGE = "tracking.stage_"
