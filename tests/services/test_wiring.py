"""What the services' tables of contents say, held against the contracts."""

import re
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

import pytest

from chassis.service import Service
from contracts.base import Command
from contracts.catalog import AGENCY_TOPICS, TOPICS, Topic

NAMES = ("booking", "queue", "tracking", "notify", "ledger")


# Read by a task of the service, in no group and from the beginning.
LOOKED_AT = {("ledger", "ledger.checkpoints.v1")}


def service_of(name: str) -> Service:
    found = import_module(f"services.{name}.wiring").SERVICE
    assert isinstance(found, Service)
    return found


def modules_of(name: str) -> list[ModuleType]:
    """A module, or a package and what is in it."""
    found = import_module(name)
    inner = iter_modules(getattr(found, "__path__", ()), f"{name}.")
    return [found, *(import_module(one.name) for one in inner)]


def reads(service: Service, topic: str) -> bool:
    return (service.name, topic) in LOOKED_AT or any(
        topic in one.topics or (one.pattern is not None and re.search(one.pattern, topic))
        for one in service.subscriptions
    )


@pytest.mark.parametrize("topic", [*TOPICS, *AGENCY_TOPICS], ids=lambda topic: topic.name)
def test_a_topic_names_exactly_the_services_that_read_it(topic: Topic) -> None:
    name = topic.name.replace("*", "dinkes")
    readers = {one for one in NAMES if reads(service_of(one), name)}
    assert readers == set(topic.readers)
    assert readers or topic.note


@pytest.mark.parametrize("name", NAMES)
def test_a_consumer_group_is_named_after_its_service_and_used_once(name: str) -> None:
    groups = [one.consumer for one in service_of(name).subscriptions]
    assert len(groups) == len(set(groups))
    assert all(group == name or group.startswith(f"{name}.") for group in groups)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_of_a_service_has_a_handler_that_is_named_after_it(name: str) -> None:
    handlers = service_of(name).domain.handlers
    declared = {
        thing
        for module in modules_of(f"services.{name}.commands")
        for thing in vars(module).values()
        if isinstance(thing, type)
        and issubclass(thing, Command)
        and thing.__module__ == module.__name__
    }
    concrete = {one for one in declared if not one.__name__.startswith("_")}
    assert set(handlers) == concrete
    for command, handler in handlers.items():
        snake = re.sub(r"(?<!^)(?=[A-Z])", "_", command.__name__).lower()
        assert handler.__name__ == snake
