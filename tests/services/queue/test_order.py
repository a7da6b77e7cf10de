"""Who is next, case by case: written by hand first, and held against a simulation afterwards."""

from collections import deque
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.ids import LineId, MallId, ServiceCode, TicketId
from services.queue.domain.line import Line
from services.queue.domain.order import (
    LANES,
    NotRead,
    Place,
    QueueHead,
    Ring,
    Standing,
    Waiting,
    choose,
    count_before,
    turn_after,
)
from services.queue.domain.policy import BUILT_IN, Policy
from services.queue.domain.turns import Queue, next_among

LANE_OF = {"p": "prioritas", "r": "reguler", "j": "janji", "l": "lanjutan"}
OTHERS = ("reguler", "janji", "lanjutan")
UMUM: Ring = (("prioritas",), OTHERS, OTHERS)
FIFO: Ring = (LANES,)
TWO_TO_ONE: Ring = (("janji",), ("janji",), ("reguler",))
AT = datetime(2026, 3, 2, 1, tzinfo=UTC)

# Ring, turn, who waits in the order of places, and the order in which they are called.
CALLS: list[tuple[Ring, int, str, str]] = [
    (UMUM, 0, "p1 p2 p3 r1 r2 r3 r4", "p1 r1 r2 p2 r3 r4 p3"),
    (UMUM, 0, "p1 p2 p3", "p1 p2 p3"),
    (UMUM, 0, "r1 j1 l1 r2 j2", "r1 j1 l1 r2 j2"),
    (UMUM, 1, "r1 r2 r3 p1", "r1 r2 p1 r3"),
    (UMUM, 2, "r1 r2 p1", "r1 p1 r2"),
    (UMUM, 0, "r1 p1", "p1 r1"),
    (UMUM, 1, "p1", "p1"),
    (FIFO, 0, "r1 p1 j1 l1 p2", "r1 p1 j1 l1 p2"),
    (TWO_TO_ONE, 0, "r1 r2 j1 j2 j3", "j1 j2 r1 j3 r2"),
    # A lane that no slot names is not forgotten.
    (TWO_TO_ONE, 0, "l1 p1 r1", "r1 l1 p1"),
]
# Who waits before, as prioritas and others; the turn; the own lane; how many are called before.
BEFORE = [
    ((0, 5), 0, "reguler", 5),
    ((3, 4), 0, "reguler", 7),
    ((0, 4), 1, "prioritas", 2),
    ((0, 4), 0, "prioritas", 0),
    ((2, 0), 0, "prioritas", 2),
    ((2, 9), 0, "prioritas", 6),
    ((9, 0), 0, "janji", 1),
    ((9, 0), 1, "janji", 0),
    ((9, 2), 0, "lanjutan", 4),
]


def place(name: str, order: int) -> Place:
    return Place(AT + timedelta(seconds=order), TicketId.of(name))


def head_with(names: str, queue: str = "q") -> QueueHead:
    head = QueueHead.of(LineId.of(queue))
    for order, name in enumerate(names.split()):
        head = head.joined_by(LANE_OF[name[0]], place(name, order))
    return head


def called_from(ring: Ring, turn: int, names: str) -> list[str]:
    head, order = head_with(names), []
    of_ticket = {TicketId.of(name): name for name in names.split()}
    while (chosen := choose(ring, turn, head.firsts())) is not None:
        order.append(of_ticket[chosen.place.ticket_id])
        head = head.left_by(chosen.lane, chosen.place)
        turn = turn_after(ring, turn, chosen.lane)
    return order


@pytest.mark.parametrize("ring, turn, waiting, order", CALLS)
def test_turns_go_round_and_pass_over_who_is_not_there(
    ring: Ring, turn: int, waiting: str, order: str
) -> None:
    assert called_from(ring, turn, waiting) == order.split()


@pytest.mark.parametrize("counts, turn, lane, before", BEFORE)
def test_how_many_come_before(counts: tuple[int, int], turn: int, lane: str, before: int) -> None:
    waiting = Waiting(prioritas=counts[0], reguler=counts[1])
    assert count_before(UMUM, turn, waiting, lane) == before


@given(
    st.sampled_from(
        [UMUM, FIFO, TWO_TO_ONE, (("lanjutan",), ("prioritas",), ("reguler", "janji"))]
    ),
    st.integers(0, 2),
    st.lists(st.sampled_from("prjl"), max_size=25),
    st.sampled_from("prjl"),
)
def test_how_many_come_before_is_what_calling_them_gives(
    ring: Ring, turn: int, lanes: list[str], own: str
) -> None:
    turn %= len(ring)
    if not any(LANE_OF[own] in slot for slot in ring):
        return
    names = [f"{lane}{order}" for order, lane in enumerate(lanes)]
    order = called_from(ring, turn, " ".join([*names, f"{own}99"]))
    waiting = Waiting()
    for lane in lanes:
        waiting = waiting.changed(LANE_OF[lane], 1)
    assert count_before(ring, turn, waiting, LANE_OF[own]) == order.index(f"{own}99")


@given(st.lists(st.sampled_from("pr"), min_size=1, max_size=60))
def test_nobody_is_let_in_first_more_often_than_once_in_three_while_others_wait(
    lanes: list[str],
) -> None:
    order = called_from(UMUM, 0, " ".join(f"{one}{place}" for place, one in enumerate(lanes)))
    left, recent = lanes.count("r"), deque[str](maxlen=3)
    for name in order:
        recent.append(name[0])
        assert left == 0 or list(recent).count("p") <= 1
        left -= name[0] == "r"


def queue_of(name: str, waiting: str, policy: Policy) -> Queue:
    line = Line(LineId.of(name), MallId("m"), ServiceCode("DUK-KTP"), AT.date())
    return Queue(line, policy, head_with(waiting, name))


def test_a_counter_with_two_queues_takes_priority_first_where_the_mall_says_so() -> None:
    terms = BUILT_IN.terms.model_copy(update={"slots": UMUM})
    queues = [queue_of("a", "r1 r2", Policy(1, terms)), queue_of("b", "r3 r4 p1", Policy(1, terms))]
    assert next_among(queues, "prioritas_first") == TicketId.of("p1")
    assert next_among(queues, "longest_wait") == TicketId.of("r1")
    assert next_among([queue_of("a", "", BUILT_IN)], "longest_wait") is None


def test_a_place_in_the_ring_is_good_for_its_version_only() -> None:
    terms = BUILT_IN.terms.model_copy(update={"slots": UMUM})
    line = Line(LineId.of("a"), MallId("m"), ServiceCode("DUK-KTP"), AT.date(), turn=2)
    assert line.turn_under(Policy(3, terms)) == 0
    assert (
        Line(line.id, line.mall, line.service, AT.date(), turn=2, turn_of="umum@3").turn_under(
            Policy(3, terms)
        )
        == 2
    )


def test_what_was_not_read_is_not_taken_for_nobody() -> None:
    places = [place(f"r{order}", order) for order in range(5)]
    part = Standing(tuple(places[:2]), complete=False)
    assert part.joined_by(places[4]) == part
    rest = part.left_by(places[0]).left_by(places[1])
    with pytest.raises(NotRead):
        assert rest.first
    head = QueueHead(QueueHead.of(LineId.of("q")).id, {"reguler": part})
    assert head.nth(2) == places[1]
    with pytest.raises(NotRead):
        head.nth(3)
    assert head_with("r1 p1").nth(3) is None
