"""The event catalogue as one page for a browser: what `docs/events.md` holds, no scripts."""

import json
import re
from html import escape

from contracts.asyncapi import sentence_and_rest
from contracts.base import Fact
from contracts.catalog import AGENCY_TOPICS, TOPICS, Topic, events_on, topic_of
from contracts.event_pages import field_rows
from contracts.samples import payload

_HEAD = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Loket: events</title>
<link rel="stylesheet" href="/page.css">
</head>
<body>
<header><p class="brand">Loket</p></header>
<main>
<h1>Events</h1>
<p>Every fact that travels on Kafka, by topic; <code>*</code> stands for the name of an agency.
For machines: <a href="/asyncapi.yaml">asyncapi.yaml</a>.</p>
"""


def events_html() -> str:
    """The whole page."""
    topics = (*TOPICS, *AGENCY_TOPICS)
    sections = "".join(_topic(topic) for topic in topics)
    return f"{_HEAD}{_contents(topics)}{sections}</main>\n</body>\n</html>\n"


def _contents(topics: tuple[Topic, ...]) -> str:
    events = [event for topic in topics for event in events_on(topic)]
    items = "".join(f'<li><a href="#{_id(e)}">{e.__name__}</a></li>\n' for e in events)
    return f'<nav aria-label="Events">\n<ul>\n{items}</ul>\n</nav>\n'


def _topic(topic: Topic) -> str:
    readers = ", ".join(topic.readers) or topic.note
    return (
        f"<section>\n<h2><code>{escape(topic.name)}</code></h2>\n"
        f"<p>Written by {escape(topic.owner)}; read by {escape(readers)}.</p>\n"
        f"{''.join(_event(event) for event in events_on(topic))}</section>\n"
    )


def _event(event: type[Fact]) -> str:
    sentence, rest = sentence_and_rest(event)
    sample = json.dumps(payload(event.wire_type(), "fullest"), indent=2, ensure_ascii=False)
    key = event.keyed_by or event.identity
    rows = "".join(
        f"<tr>{''.join(f'<td>{_code(cell)}</td>' for cell in row)}</tr>\n"
        for row in field_rows(event)
    )
    return (
        f'<h3 id="{_id(event)}">{event.__name__} <code>{event.wire_type()}</code></h3>\n'
        f"<p>{_code(f'{sentence} {rest}'.strip())}</p>\n"
        f"<p>Owner: {escape(topic_of(event).owner)}; about one {event.aggregate}; "
        f"key <code>{key}</code>.</p>\n"
        '<table>\n<thead><tr><th scope="col">field</th><th scope="col">form</th>'
        '<th scope="col">always there</th><th scope="col">meaning</th></tr></thead>\n'
        f"<tbody>\n{rows}</tbody>\n</table>\n"
        f'<pre tabindex="0"><code>{escape(sample)}</code></pre>\n'
    )


def _code(text: str) -> str:
    """Escaped, with what stands in backticks set as code."""
    plain = text.replace("\\|", "|")
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(plain))


def _id(event: type[Fact]) -> str:
    return event.wire_type().replace(".", "-")
