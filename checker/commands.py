"""I1, I2, I3: what clients were told, what was written down, and what came of it."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from checker.effects import ANSWERS, OF_CLIENTS, Effect, effects_of, took_effect
from checker.effects import happened as happened_in
from checker.effects import wanted as wanted_by
from checker.evidence import Check, Command, Event, Evidence
from checker.poison import SETTLES, answer_key, poisons

_CLIENTS = frozenset({"booking", "queue", "tracking", "ledger", "notify"})
_LOOKS = frozenset({"read", "read_application", "stream", "poison"}) | SETTLES
"""Not among the commands: what only looks, and what I18 judges."""
_REGISTER = "register"
_DOOR = re.compile(r"^(?:agency\.|/v1/agencies/)([a-z0-9-]+)[./]reports")


def is_command(event: Event) -> bool:
    """Whether the line is about something that should become true."""
    return event.op not in _LOOKS and event.key is not None


def stored_key(event: Event) -> str:
    """The key under which the platform answers: an agency's report is known by its own id."""
    body = event.request.get("body") or {}
    if event.op in {"report", "report_http", "report_kafka"} and body.get("report_id"):
        return f"report:{body['report_id']}"
    return str(event.key)


def service_of(event: Event) -> str:
    """The service that was asked; reports on Kafka are for tracking."""
    return str(event.request.get("service") or "tracking")


def nothing_acknowledged_lost(evidence: Evidence) -> Check:
    """Each acknowledged command is in the command table once, and so is what it said."""
    check = Check("I1", "nothing acknowledged is lost")
    written = Counter((one.service, one.key) for one in evidence.commands)
    effective = {(one.service, one.key): one for one in evidence.commands if took_effect(one)}
    happened = happened_in(evidence.facts)
    for (service, key), event in _acknowledged(evidence.history).items():
        check.examined += 1
        what = f"{event.op} {key}"
        if event.op == _REGISTER:
            person = str((event.answer or {}).get("person_id"))
            if person not in evidence.recipients:
                check.blame("lost", f"{what}: recipient {person} is not there")
            continue
        if written[service, key] == 0:
            check.blame("lost", f"{what}: answered, and not among the commands of {service}")
        elif written[service, key] > 1:
            check.blame("doubled", f"{what}: {written[service, key]} times among the commands")
        elif (service, key) not in effective and event.op != "report_kafka":
            check.blame("lost", f"{what}: answered ok, written down as refused")
        _must_havehappened_in(check, what, effective.get((service, key)), event, happened)
    return check


def _must_havehappened_in(
    check: Check,
    what: str,
    command: Command | None,
    event: Event,
    happened: Mapping[Effect, int],
) -> None:
    """The fact that the client was told of, whatever the command table says."""
    effects = effects_of(command) if command is not None else []
    for type_, id_ in effects:
        if not happened.get((type_, id_)):
            check.blame("lost", f"{what}: no fact {type_} of {id_}")
    if not effects or event.answer is None:
        return
    told, wrote = event.answer, (command.answer if command is not None else None) or {}
    for name in wrote.keys() & told.keys():
        if name.endswith("_id") and told[name] != wrote[name]:
            check.blame("lost", f"{what}: told {name} {told[name]}, wrote {wrote[name]}")


def no_ghosts(evidence: Evidence) -> Check:
    """What is there was asked for, and what was refused did nothing."""
    check = Check("I2", "nothing is there that nobody asked for")
    _asked(check, evidence)
    _spoken_for(check, evidence)
    wanted = wanted_by(evidence.commands)
    for effect, times in happened_in(evidence.facts).items():
        check.examined += 1
        if effect not in wanted:
            check.blame("illegal", f"{times} facts {effect[0]} of {effect[1]}, without a command")
    return check


def _spoken_for(check: Check, evidence: Evidence) -> None:
    """A report and its answer are of the agency at whose door it came in, whatever it says."""
    doors: dict[str, set[str]] = defaultdict(set)
    for event in evidence.history:
        body = event.request.get("body") or event.request
        door = _DOOR.search(str(event.request.get("topic") or event.request.get("path") or ""))
        if door is not None and body.get("report_id"):
            doors[str(body["report_id"])].add(door[1])
    for fact in evidence.facts:
        report = fact.aggregate_id if fact.type in ANSWERS else str(fact.data.get("report_id"))
        if report in doors:
            check.examined += 1
            if fact.data.get("agency") not in doors[report]:
                check.blame("illegal", f"{fact.type} of {report} speaks for another agency")


def _asked(check: Check, evidence: Evidence) -> None:
    """Each command that was written down was invoked, and those that did something not refused."""
    asked: set[tuple[str, str]] = set()
    hopeful: set[tuple[str, str]] = set()
    for event in evidence.history:
        if is_command(event):
            place = (service_of(event), stored_key(event))
            asked.add(place)
            if event.phase in {"ok", "unknown"}:
                hopeful.add(place)
    for where, event in poisons(evidence).items():
        answered = ("tracking", str(answer_key(where, event)))
        asked.add(answered)
        hopeful.add(answered)
    for command in evidence.commands:
        if command.name not in OF_CLIENTS:
            continue
        check.examined += 1
        place = (command.service, command.key)
        if place not in asked:
            check.blame("illegal", f"{command.name} {command.key} was never asked for")
        elif took_effect(command) and place not in hopeful:
            check.blame("illegal", f"{command.name} {command.key} was refused, and took effect")


def one_effect_per_key(evidence: Evidence) -> Check:
    """A command has one effect; its key has one body and one answer."""
    check = Check("I3", "one effect per key")
    happened = happened_in(evidence.facts)
    for effect, times in wanted_by(evidence.commands).items():
        check.examined += 1
        if happened[effect] > times:
            check.blame("doubled", f"{effect[0]} of {effect[1]}: {happened[effect]} facts, {times}")
        elif happened[effect] < times:
            check.blame("lost", f"{effect[0]} of {effect[1]}: {happened[effect]} facts, {times}")
    bodies: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for event in evidence.history:
        if event.phase != "ok" or not is_command(event) or event.op == "report_kafka":
            continue
        key = (service_of(event), stored_key(event))
        body = json.dumps([event.request.get("path"), _said(event)], sort_keys=True)
        answer = json.dumps(event.answer, sort_keys=True)
        known = bodies[key].setdefault(body, answer)
        check.examined += 1
        if known != answer:
            check.blame("doubled", f"{event.op} {key[1]}: two answers to one request")
        if len(bodies[key]) > 1:
            check.blame("doubled", f"{event.op} {key[1]}: accepted with two bodies")
    return check


def _said(event: Event) -> Any:
    body = dict(event.request.get("body") or {})
    body.pop("occurred_at", None)
    return body


def _acknowledged(history: Iterable[Event]) -> dict[tuple[str, str], Event]:
    found: dict[tuple[str, str], Event] = {}
    for event in history:
        if event.phase == "ok" and is_command(event) and service_of(event) in _CLIENTS:
            found.setdefault((service_of(event), stored_key(event)), event)
    return found
