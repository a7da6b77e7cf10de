"""Traces follow one fact: HTTP -> dispatch -> log -> relay -> Kafka -> consumer. Off by default.

What crosses a process or waits in a table is the W3C `traceparent` text; when traces are off, or
this one is not recorded, every call here costs next to nothing. Attribute names of spans stand in
`Attribute` and nowhere else.
"""

import random
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar, Token
from enum import StrEnum
from pathlib import Path

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import DEFAULT_ON
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chassis.trace_file import FileExporter

QUEUE_SPANS = 2048
EXPORT_SECONDS = 2
_INVALID = trace.INVALID_SPAN
_PROPAGATOR = TraceContextTextMapPropagator()
# Valid ids, and flags without the lowest bit: a trace that is not recorded (W3C Trace Context,
# section 3.2). The other bits may be set: a trace of the SDK that is not recorded ends with 02.
_PASSED_OVER = re.compile(
    "00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f][02468ace]", re.ASCII
)
# The trace that this task works for, when that is not recorded; no span stands for it.
_passed_over: ContextVar[str | None] = ContextVar("passed_over", default=None)


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
    share: float = 1.0


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
        FileExporter(file) if file is not None and mode == "file" else _to_collector(endpoint)
    )
    provider = TracerProvider(
        # The lot of a trace that begins here is drawn before there is a span: see `span`.
        resource=Resource({"service.name": service}),
        sampler=DEFAULT_ON,
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
    _Tracing.share = share
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
    tracer = _Tracing.tracer
    if tracer is None:
        return nullcontext(_INVALID)
    if parent_traceparent is None:
        if _passed_over.get() is not None:
            return nullcontext(_INVALID)
        context = None
    elif is_passed_over(parent_traceparent):
        return _PassedOver(parent_traceparent)
    else:
        context = _context(parent_traceparent)
    begins = not trace.get_current_span(context).get_span_context().is_valid
    if begins and random.random() >= _Tracing.share:  # noqa: S311 - no secret
        return _PassedOver(_new_passed_over())
    return _recorded(tracer, name, context, kind, links, attributes)


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
    if _Tracing.tracer is None or parent_traceparent is None or is_passed_over(parent_traceparent):
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
    if (passed_over := _passed_over.get()) is not None:
        return passed_over
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


def current_trace_id() -> str | None:
    """The id of the current trace in hexadecimal, for logs; None when there is none."""
    if _Tracing.tracer is None:
        return None
    if (passed_over := _passed_over.get()) is not None:
        return passed_over[3:35]
    context = trace.get_current_span().get_span_context()
    return format(context.trace_id, "032x") if context.is_valid else None


@contextmanager
def _recorded(  # noqa: PLR0913 - what makes a span
    tracer: trace.Tracer,
    name: str,
    context: Context | None,
    kind: SpanKind,
    links: Sequence[str],
    attributes: dict[Attribute, str | int] | None,
) -> Iterator[Span]:
    with tracer.start_as_current_span(
        name,
        context=context,
        kind=kind,
        links=[Link(trace.get_current_span(_context(one)).get_span_context()) for one in links],
        attributes={str(key): value for key, value in (attributes or {}).items()},
        # The message of an exception may hold what was sent; its class says enough here.
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        outside = _passed_over.set(None)
        try:
            yield current
        except BaseException as problem:
            current.set_status(Status(StatusCode.ERROR, type(problem).__name__))
            raise
        finally:
            _passed_over.reset(outside)


def _to_collector(endpoint: str) -> SpanExporter:
    # With it come an HTTP client and protobuf, which a start without traces need not wait for.
    from opentelemetry.exporter.otlp.proto.http import trace_exporter  # noqa: PLC0415 - see above

    return trace_exporter.OTLPSpanExporter(endpoint=endpoint, timeout=EXPORT_SECONDS)


class _PassedOver:
    """In place of a span that is not recorded: what is called inside belongs to its trace."""

    __slots__ = ("_outside", "_traceparent")

    def __init__(self, traceparent: str) -> None:
        self._traceparent = traceparent

    def __enter__(self) -> Span:
        self._outside: Token[str | None] = _passed_over.set(self._traceparent)
        return _INVALID

    def __exit__(self, *_: object) -> None:
        _passed_over.reset(self._outside)


def _new_passed_over() -> str:
    """The text of a trace that begins here and is not recorded."""
    # Ids of zeros are not valid. They have to be different, that is all.
    trace_id, span_id = random.getrandbits(128) or 1, random.getrandbits(64) or 1
    return f"00-{trace_id:032x}-{span_id:016x}-00"


def is_passed_over(traceparent: str) -> bool:
    """Whether the flags say that this trace is not recorded; ask before computing attributes."""
    return _PASSED_OVER.fullmatch(traceparent) is not None


def _context(traceparent: str) -> Context:
    return _PROPAGATOR.extract({"traceparent": traceparent})
