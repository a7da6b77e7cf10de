"""A whole service from its table of contents; its parts start and stop together.

The HTTP application is the outer one; Kafka may come and go while commands are accepted.
"""

import asyncio
import contextlib
import platform
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
import uvicorn
import uvloop
from fastapi import FastAPI

from chassis import (
    auth,
    clock,
    http,
    logs,
    metrics,
    operations,
    parking,
    serving,
    telemetry,
    wire,
)
from chassis.collector import collect_rarely
from chassis.connecting import keep_connected
from chassis.consume import Runner
from chassis.database import Database
from chassis.decide import Domain, Outcome
from chassis.dispatch import Dispatcher
from chassis.eventlog import Cause
from chassis.failpoints import arm
from chassis.health import Health, NotReady
from chassis.keys import Keys
from chassis.migrations import missing
from chassis.relay import Relay
from chassis.reporting import Reporter
from chassis.retention import Retention
from chassis.settings import ServiceSettings, SettingsProblem
from chassis.subscription import Subscription
from chassis.timers import LANE, Timer, Timers
from contracts.base import Command
from contracts.ids import uuid7

_log = structlog.get_logger("chassis.service")


@dataclass(frozen=True)
class Service:
    """What one service is. `tasks` run for as long as the service does, such as delivery.

    `timers` say what time has made due.
    """

    name: str
    settings: type[ServiceSettings]
    domain: Domain
    router: Callable[["Running"], http.Router]
    subscriptions: tuple[Subscription, ...] = ()
    tasks: tuple[Callable[["Running"], Awaitable[None]], ...] = ()
    timers: Callable[["Running"], Sequence[Timer]] = lambda _running: ()


class Running:
    """A service at work: what its endpoints and tasks hold on to."""

    def __init__(
        self, service: Service, settings: ServiceSettings, keys: auth.KeySource | None = None
    ) -> None:
        """`keys` replaces the token issuer's published keys, for tests."""
        self.service = service
        self.settings: Any = settings
        self.after_commit: list[Callable[[], None]] = []
        """Called after every commit of commands or of a consumer's batch; must not wait."""
        self.stopping = asyncio.Event()
        self.health = Health()
        self._where = settings.kafka()
        self.database = Database(settings.database_url.get_secret_value(), name=service.name)
        self.dispatcher = Dispatcher(
            self.database,
            service.domain,
            on_commit=self.committed,
            group_max=settings.group_max,
            queue_limit=settings.queue_limit,
            lane_limit=settings.lane_limit,
            deadline_seconds=settings.command_deadline_seconds,
        )
        self.runners = [
            Runner(
                self.database,
                subscription,
                batch_max=settings.consume_batch_max,
                on_commit=self.committed,
            )
            for subscription in service.subscriptions
        ]
        self.relay = self._relay()
        self.timers = Timers(
            self.database,
            self.dispatch_due,
            service.timers(self),
            seconds=settings.due_seconds,
        )
        self._keys = keys or Keys(settings.jwks_url)
        self._tasks: list[asyncio.Task[None]] = []
        self._register_checks()
        self._appear_in_metrics()

    async def dispatch(self, command: Command) -> Outcome:
        """Answer a command that came from outside; it begins a story of its own."""
        correlation = logs.request_id.get() or str(uuid7())
        return await self.dispatcher.dispatch(command, Cause(correlation))

    async def dispatch_due(self, command: Command) -> Outcome:
        """Answer a command that time has caused; each such command is a story of its own."""
        return await self.dispatcher.dispatch(command, Cause(str(uuid7())), LANE)

    def committed(self) -> None:
        """Something may have become true: wake who waits for it."""
        for wake in self.after_commit:
            wake()

    def app(self) -> FastAPI:
        """The HTTP application, which starts and stops everything else."""
        routers = [
            self.service.router(self),
            operations.router(self.database, self.service.subscriptions, self.committed),
        ]
        verifier = auth.Verifier(
            self._keys, self.settings.token_issuer, self.settings.token_audience
        )
        return http.create_app(
            f"Loket {self.service.name}",
            routers,
            self.settings,
            health=self.health,
            verifier=verifier,
            lifespan=self._lifespan,
        )

    async def start(self, *, with_kafka: bool = True) -> None:
        """Begin to answer; without Kafka, facts stay in the log.

        Records are fed by hand then, and time passes by hand (`timers.look`).
        """
        self.dispatcher.start()
        parts: list[Awaitable[None]] = [task(self) for task in self.service.tasks]
        if with_kafka:
            parts.append(Reporter(self.database, self.runners).run(self.stopping))
            parts.append(self._retention().run(self.stopping))
            parts.append(self.timers.run(self.stopping))
            if self.runners:
                parts.append(
                    keep_connected(self._where, self.service.name, self.runners, self.stopping)
                )
            if self.relay is not None:
                self.relay.start()
        self._tasks = [asyncio.create_task(_guarded(part)) for part in parts]

    async def stop(self) -> None:
        """End in the order in which nothing is lost: readers, then commands, then the relay."""
        self.stopping.set()
        for runner in self.runners:
            runner.stop()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=self.settings.shutdown_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self.dispatcher.stop()
        if self.relay is not None:
            await self.relay.stop()
        await self.database.close()

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            if isinstance(self._keys, Keys):
                await stack.enter_async_context(self._keys)
            await self.start()
            stack.push_async_callback(self.stop)
            yield

    def _retention(self) -> Retention:
        return Retention(
            self.database,
            commands_days=self.settings.commands_kept_days,
            settled_days=self.settings.settled_kept_days,
        )

    def _relay(self) -> Relay | None:
        url = self.settings.relay_database_url
        if url is None:
            return None
        relay = Relay(url.get_secret_value(), self._where, service=self.service.name)
        self.after_commit.append(relay.wake)
        return relay

    async def _migrated(self) -> None:
        async with self.database.transaction() as tx:
            lacking = await missing(tx, self.service.name)
        if lacking:
            raise NotReady(f"run the migrations first, beginning with {lacking[0]}")

    def _appear_in_metrics(self) -> None:
        """Put what alerts look at there before it first happens: a rise from nothing is no rise."""
        metrics.CLOCK_IS_SET().set(clock.is_set())
        for part in wire.PARTS:
            metrics.HTTP_CUT(part).inc(0)
        for runner in self.runners:
            consumer = runner.subscription.consumer
            metrics.CONSUMER_LOG_REPLACED(consumer).inc(0)
            for reason in parking.REASONS:
                metrics.CONSUMER_PARKED(consumer, reason).inc(0)

    def _register_checks(self) -> None:
        if clock.is_set():
            self.health.notes.append("a rehearsal: a file says what time it is")
        self.health.check("database", self.database.ping)
        self.health.check("migrations", self._migrated)
        for runner in self.runners:
            consumer = runner.subscription.consumer
            self.health.check(f"kafka {consumer}", _once_assigned(runner))
            self.health.watchdog(consumer, _not_stuck(runner))


def _once_assigned(runner: Runner) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        # Later outages of Kafka do not make a service unready: commands are accepted all the while.
        if not runner.assigned.is_set():
            raise NotReady("no partitions were assigned yet")

    return check


def _not_stuck(runner: Runner) -> Callable[[], str | None]:
    return lambda: "there are records to read, and nothing moves" if runner.stuck() else None


async def _guarded(part: Awaitable[None]) -> None:
    """A part that fails takes the process with it: better to start again than to be half there."""
    try:
        await part
    except Exception:  # noqa: BLE001 - an edge: logged, then the process ends
        _log.exception("service.part_failed")
        raise SystemExit(1) from None


def run(service: Service) -> None:
    """Serve until told to stop. Exits with 2 and one line per mistake when settings are wrong."""
    try:
        settings = service.settings.load()
        arm(settings.failpoints)
        clock.follow(settings.clock_file)
    except (SettingsProblem, ValueError, OSError) as problem:
        sys.stderr.write(f"{service.name}: {problem}\n")
        raise SystemExit(2) from None
    logs.configure(service.name, settings.log_level)
    telemetry.configure(
        service.name,
        settings.traces,
        file=settings.trace_file,
        endpoint=settings.otlp_endpoint,
        share=settings.traces_share,
    )
    metrics.BUILD(service.name, "0.1.0", platform.python_version()).set(1)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(service, settings))
    finally:
        telemetry.shutdown()


async def _serve(service: Service, settings: ServiceSettings) -> None:
    # Made inside the event loop: locks and events belong to it.
    running = Running(service, settings)
    app = running.app()
    config = uvicorn.Config(
        app,
        host=settings.http_host,
        port=settings.http_port,
        http=wire.bounded(settings.receive_seconds, app.state.gate),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(settings.shutdown_seconds),
    )
    collect_rarely()
    server = serving.Server(config, running.stopping)
    await server.serve()
    if not server.started:
        raise SystemExit(1)
