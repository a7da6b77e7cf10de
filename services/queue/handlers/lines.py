"""Lines stop giving numbers, and give them again."""

from contracts.base import Decision
from services.queue.commands.lines import CloseNumbers, NumbersState, ReopenNumbers
from services.queue.domain.finding import States, get_mall, line_of
from services.queue.domain.line import Line
from services.queue.domain.numbers import close_numbers as closed
from services.queue.domain.numbers import reopen_numbers as reopened


def close_numbers(command: CloseNumbers, states: States) -> Decision:
    """Nobody gets a number here any more; whoever has one is served."""
    line = _line(command, states)
    return Decision([closed(line, command.reason)], _state(line, command.reason))


def reopen_numbers(command: ReopenNumbers, states: States) -> Decision:
    """Numbers go on where they had stopped."""
    line = _line(command, states)
    return Decision([reopened(line, command.reason)], _state(line, None))


def _line(command: CloseNumbers | ReopenNumbers, states: States) -> Line:
    mall = get_mall(states, command.mall)
    mall.must_offer(command.service)
    return line_of(states, mall.id, command.service, mall.date_of(command.at))


def _state(line: Line, numbers_closed: str | None) -> NumbersState:
    return NumbersState(
        line_id=line.id,
        service=line.service,
        service_date=line.service_date,
        issued=line.last_number,
        numbers_closed=numbers_closed,
    )
