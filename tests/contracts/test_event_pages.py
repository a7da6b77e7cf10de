"""The page of events: every event is there, with what a newcomer asks first."""

import re

import pytest

from contracts.asyncapi import sentence_and_rest
from contracts.base import Fact
from contracts.catalog import EVENTS, topic_of
from contracts.event_pages import events_page

PAGE = events_page()


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_has_sentence_owner_topic_key_fields_and_sample(event: type[Fact]) -> None:
    start = PAGE.index(f"### {event.__name__} (`{event.wire_type()}`)")
    section = PAGE[start : PAGE.index("```\n", start)]
    assert sentence_and_rest(event)[0] in section
    assert f"- owner: {topic_of(event).owner}\n" in section
    assert f"- topic: `{event.topic}`\n" in section
    assert f"- key: `{event.keyed_by or event.identity}`\n" in section
    for name in event.model_fields:
        assert re.search(rf"^\| `{name}` \| .+ \| (yes|no) \|", section, re.MULTILINE)
        assert f'"{name}": ' in section


def test_links_in_the_page_lead_to_headings() -> None:
    headings = re.findall(r"^### (.*)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 _-]", "", text.lower()).replace(" ", "-") for text in headings}
    links = re.findall(r"\(#([^)]+)\)", PAGE)
    assert len(links) == len(EVENTS)
    assert set(links) == anchors


def test_rows_of_a_table_have_as_many_cells_as_its_head() -> None:
    width = 0
    for line in PAGE.splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert width in {0, cells} or cells == 0, line
        width = cells
