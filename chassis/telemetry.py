"""Traces follow one fact: HTTP -> dispatch -> log -> relay -> Kafka -> consumer. Off by default.

What crosses a process or waits in a table is the W3C `traceparent` text; when traces are off, every
call here costs next to nothing. Attribute names of spans stand in `Attribute` and nowhere else.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from typing_extensions import override

QUEUE_SPANS = 2048
EXPORT_SECONDS = 2
_INVALID = trace.INVALID_SPAN
_PROPAGATOR = TraceContextTextMapPropagator()


class Attribute(StrEnum):
    """Every attribute that our spans may have. None of them is personal."""

    METHOD = "http.request.method"
    ROUTE = "http.route"
    STATUS = "http.response.status_code"
    REQUEST_ID = "loket.request.id"
    COMMAND = "loket.command"
    OUTCOME = "loket.outcome"
    GROUP_SIZE = "loket.group.size"
    EVENT_ID = "cloudevents.event_id"
    EVENT_TYPE = "cloudevents.event_type"
    AGGREGATE_ID = "loket.aggregate.id"
    TOPIC = "messaging.destination.name"
    PARTITION = "messaging.destination.partition.id"
    OFFSET = "messaging.kafka.offset"
    CONSUMER = "messaging.consumer.group.name"
    BATCH_SIZE = "messaging.batch.message_count"


class _Tracing:
    """The one switch of this process."""

    tracer: trace.Tracer | None = None
    provider: TracerProvider | None = None


def configure(
    service: str,
    mode: str = "off",
    *,
    file: Path | None = None,
    endpoint: str = "",
    share: float = 1.0,
) -> None:
    """Turn traces `off`, or send them to a `file` (one JSON span per line) or by `otlp`.

    Of the traces that begin here a `share` is recorded, each whole or not at all; those that began
    elsewhere as it was decided there.
    """
    shutdown()
    if mode == "off":
        return
    if mode == "file" and file is None:
        raise ValueError("LOKET_TRACE_FILE must be set when LOKET_TRACES is file")
    exporter: SpanExporter = (
        FileExporter(file)
        if file is not None and mode == "file"
        else OTLPSpanExporter(endpoint=endpoint, timeout=EXPORT_SECONDS)
    )
    provider = TracerProvider(
        resource=Resource({"service.name": service}), sampler=ParentBasedTraceIdRatio(share)
    )
    # A full queue drops spans; nothing ever waits for a collector.
    provider.add_span_processor(
        BatchSpanProcessor(
            exporter,
            max_queue_size=QUEUE_SPANS,
            schedule_delay_millis=500,
            max_export_batch_size=512,
            export_timeout_millis=EXPORT_SECONDS * 1000,
        )
    )
    _Tracing.provider = provider
    _Tracing.tracer = provider.get_tracer("loket")


def shutdown() -> None:
    """Hand over what is still queued and turn traces off. Blocks for a few seconds at most."""
    if _Tracing.provider is not None:
        _Tracing.provider.shutdown()
    _Tracing.provider = _Tracing.tracer = None


def is_on() -> bool:
    """Whether spans are recorded at all; ask before computing an expensive attribute."""
    return _Tracing.tracer is not None


def span(
    name: str,
    parent_traceparent: str | None = None,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    links: Sequence[str] = (),
    attributes: dict[Attribute, str | int] | None = None,
) -> AbstractContextManager[Span]:
    """A span around a block, below the given parent or else the current span.

    `links` are the traceparents of what a batch is made of, where there is no single parent.
    """
    if _Tracing.tracer is None or _is_passed_over(parent_traceparent):
        return nullcontext(_INVALID)
    return _recorded(_Tracing.tracer, name, parent_traceparent, kind, links, attributes)


def begin(
    name: str,
    parent_traceparent: str | None,
    *,
    kind: SpanKind,
    attributes: dict[Attribute, str | int] | None = None,
    start_ns: int | None = None,
) -> tuple[Span, str | None]:
    """A span that its caller ends, and the text that continues it; for work that is not a block.

    Without a parent or with traces off it is a span that records nothing.
    """
    if _Tracing.tracer is None or parent_traceparent is None or _is_passed_over(parent_traceparent):
        return _INVALID, parent_traceparent
    begun = _Tracing.tracer.start_span(
        name,
        context=_context(parent_traceparent),
        kind=kind,
        attributes={str(key): value for key, value in (attributes or {}).items()},
        start_time=start_ns,
    )
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, context=trace.set_span_in_context(begun))
    return begun, carrier.get("traceparent")


def current_traceparent() -> str | None:
    """The text that lets another process or a later moment continue this trace; None when off."""
    if _Tracing.tracer is None:
        return None
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


def current_trace_id() -> str | None:
    """The id of the current trace in hexadecimal, for logs; None when there is none."""
    if _Tracing.tracer is None:
        return None
    context = trace.get_current_span().get_span_context()
    return format(context.trace_id, "032x") if context.is_valid else None


@contextmanager
def _recorded(  # noqa: PLR0913 - what makes a span
    tracer: trace.Tracer,
    name: str,
    parent: str | None,
    kind: SpanKind,
    links: Sequence[str],
    attributes: dict[Attribute, str | int] | None,
) -> Iterator[Span]:
    with tracer.start_as_current_span(
        name,
        context=_context(parent),
        kind=kind,
        links=[Link(trace.get_current_span(_context(one)).get_span_context()) for one in links],
        attributes={str(key): value for key, value in (attributes or {}).items()},
        # The message of an exception may hold what was sent; its class says enough here.
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield current
        except BaseException as problem:
            current.set_status(Status(StatusCode.ERROR, type(problem).__name__))
            raise


def _is_passed_over(traceparent: str | None) -> bool:
    """Whether the flags say that this trace is not recorded (W3C Trace Context, section 3.2)."""
    return traceparent is not None and traceparent.endswith("-00")


def _context(traceparent: str | None) -> Context | None:
    return _PROPAGATOR.extract({"traceparent": traceparent}) if traceparent else None


class FileExporter(SpanExporter):
    """Appends one JSON object per finished span; written from the exporting thread only."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = path.open("a", encoding="utf-8")

    @override
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._file.writelines(json.dumps(_plain(one)) + "\n" for one in spans)
        self._file.flush()
        return SpanExportResult.SUCCESS

    @override
    def shutdown(self) -> None:
        self._file.close()


def _plain(one: ReadableSpan) -> dict[str, object]:
    context = one.get_span_context()
    return {
        "trace_id": format(context.trace_id, "032x") if context else None,
        "span_id": format(context.span_id, "016x") if context else None,
        "parent_id": format(one.parent.span_id, "016x") if one.parent else None,
        "links": [format(link.context.trace_id, "032x") for link in one.links],
        "service": one.resource.attributes.get("service.name"),
        "name": one.name,
        "kind": one.kind.name.lower(),
        "start_ns": one.start_time,
        "end_ns": one.end_time,
        "status": one.status.status_code.name.lower(),
        "error": one.status.description,
        "attributes": dict(one.attributes or {}),
    }
