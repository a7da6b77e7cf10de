"""Queue's domain and its small model side by side: the same requests to both."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from catalogue.load import DATA
from catalogue.publish import entries
from checker.counters import counters_have_one
from checker.evidence import Evidence, Record
from checker.evidence import Fact as Written
from checker.legal import histories_are_legal
from checker.order import calls_follow_the_rule
from checker.places import tickets_count_without_gap
from contracts.base import Answer, Command, Fact
from contracts.ids import (
    Actor,
    CounterCode,
    MallId,
    ServiceCode,
    TicketId,
)
from contracts.queue_entries import QueuePolicy
from services.queue.domain.counter import Counter, counter_id_of
from services.queue.domain.line import Line, line_id_of
from services.queue.domain.mall import Mall
from services.queue.domain.order import HeadOf, QueueHead
from services.queue.domain.policy import Policy
from tests.services.queue import model
from tests.services.queue.test_domain import History

MALL, ZONE = MallId("mpp-uji"), "Asia/Jayapura"
KTP, KIA = ServiceCode("DUK-KTP"), ServiceCode("DUK-KIA")
COUNTERS = {
    CounterCode("K-01"): (KTP, KIA),
    CounterCode("K-02"): (KTP,),
    CounterCode("K-03"): (KIA, KTP),
}
START = datetime(2026, 3, 2, 14, 20, tzinfo=UTC)  # 40 minutes before midnight in Jayapura
OFFICERS = {
    CounterCode("K-01"): "officer:a",
    CounterCode("K-02"): "officer:b",
    CounterCode("K-03"): "officer:c",
}
ITS_OFFICER = "its officer"
(SHIPPED,) = (one.body for one in entries(DATA) if (one.kind, one.code) == ("queue_policy", "umum"))


def policy_of(revision: int, across: str, quota: int | None, most: int | None) -> dict[str, Any]:
    """A revision of the policy, with the bounds that are to be met here."""
    return {
        **SHIPPED,
        "revision": revision,
        "across": across,
        "priority": {"reasons": ["lansia", "hamil_menyusui"], "most_per_day": quota},
        "cut_off": {"most": most},
        "recall": {"least_calls_before_no_show": 1, "least_seconds": 0},
    }


class Office(RuleBasedStateMachine):
    """The same requests to both."""

    def __init__(self) -> None:
        super().__init__()
        self.history = History(states={})
        self.trail: list[Fact | Mall] = []
        self.written: list[Written] = []
        self.versions: dict[str, int] = {}
        self.records: list[Record] = []
        self.at = START
        self.made = 0

    @initialize(across=st.sampled_from(["prioritas_first", "longest_wait"]))
    def founded(self, across: str) -> None:
        counters = {str(code): model.Counter(tuple(of)) for code, of in COUNTERS.items()}
        self.hall = model.Hall(ZONE, {}, counters)
        self._publish(policy_of(1, across, 3, None))

    def _publish(self, body: dict[str, Any]) -> None:
        policy = Policy.of(QueuePolicy.model_validate(body))
        mall = Mall(MALL, ZONE, COUNTERS, policy=policy.code, policies={policy.code: policy})
        self.hall.policy = body
        self.history.states[MALL] = mall
        self.trail.append(mall)
        said = {"policy": "umum", "lines": []}
        for kind, code, about in (("queue_policy", "umum", body), ("mall", MALL, said)):
            entry = {"kind": kind, "code": code, "revision": body["revision"], "body": about}
            value = json.dumps(entry).encode()
            self.records.append(Record("catalogue.entries.v1", 0, 0, code, "", value))

    def _ask(self, command: Command) -> Answer | str:
        """The service's answer, or the code with which it refuses; the facts are kept."""
        day = self.hall.today(command.at)
        for service in (KTP, KIA):
            for one in (day, day - timedelta(days=1)):
                head = QueueHead.of(line_id_of(MALL, service, one))
                self.history.states.setdefault(HeadOf(head.id.queue_id), head)
        known = len(self.history.facts)
        answer = self.history.ask(command)
        for fact, at in self.history.facts[known:]:
            self.trail.append(fact)
            self._write(fact, at, command.actor)
        return answer

    def _write(self, fact: Fact, at: datetime, actor: Actor) -> None:
        number = len(self.written) + 1
        id_, text = str(fact.aggregate_id), fact.model_dump_json()
        self.versions[id_] = version = self.versions.get(id_, 0) + 1
        self.written.append(
            Written(
                "queue", number, f"e{number}", fact.wire_type(), id_, version, fact.topic_name,
                fact.key, at, at, actor, text, json.loads(text),
            )
        )  # fmt: skip

    def _both(self, said: Any, command: Command) -> Answer | None:
        """Ask both. `said` asks the model; returns the service's answer if both agree to it."""
        try:
            said()
        except model.Refused as refused:
            reasons: set[str] = refused.codes
        else:
            reasons = set()
        if reasons:
            assert self._ask(command) in reasons
            return None
        answer = self._ask(command)
        assert not isinstance(answer, str), answer
        return answer

    def named(self, code: CounterCode, who: str) -> str:
        """The officer who is meant: whoever sits there, else whoever usually does."""
        if who != ITS_OFFICER:
            return who
        return self.hall.counters[code].officer or OFFICERS[code]

    def _common(self, who: str) -> dict[str, Any]:
        self.made += 1
        return {"actor": Actor(who), "at": self.at, "key": f"key-{self.made:08d}"}

    def _at(self, code: CounterCode, who: str) -> dict[str, Any]:
        where = {"counter_id": counter_id_of(MALL, code), "staff_mall": MALL}
        return {**self._common(who), **where}

    def _ticket(self, place: int) -> TicketId:
        """One that was issued, or one that nobody knows."""
        known = list(self.hall.tickets)
        return known[place % len(known)] if known and place else TicketId.of("unknown")

    def teardown(self) -> None:
        """The trail tells the same story to whoever reads it."""
        evidence = Evidence(facts=self.written, records=self.records)
        for check in (
            calls_follow_the_rule,
            counters_have_one,
            histories_are_legal,
            tickets_count_without_gap,
        ):
            assert check(evidence).violations == []
        again = History(states={})
        times = iter([at for _, at in self.history.facts])
        for one in self.trail:
            if isinstance(one, Mall):
                again.states[MALL] = one
            else:
                again.take(one, next(times))
        for kind in (Line, Counter):
            assert again.of(kind) == self.history.of(kind)
