"""From a queued notification to a provider: count the attempt, call, record what came of it.

The count is committed before the call, which happens outside any transaction. So a crash can
only count an attempt that was not made: never more than three calls, at least one while it lives.
"""

import asyncio
import contextlib
import random
from collections.abc import Iterator
from dataclasses import dataclass

import structlog

from chassis.clock import now
from chassis.database import is_away
from chassis.errors import Conflict, Unavailable
from chassis.failpoints import failpoint
from chassis.service import Running
from contracts.ids import Actor
from services.notify import store
from services.notify.channels import Channel, Recipients, channel_of, sealer_of
from services.notify.channels.message import ChannelFailed, Message
from services.notify.channels.templates import text_of
from services.notify.commands import RecordFailure, RecordSent
from services.notify.domain.notification import MAX_ATTEMPTS
from services.notify.settings import NotifySettings
from services.notify.store import Claim

ACTOR = Actor("system:notify")
_REST_SECONDS = 0.5
_RECORD_TRIES = 3
_GROWTH = 12.0
_NOT_NOW = (Unavailable, Conflict)
_log = structlog.get_logger("notify.delivery")


async def deliver(running: Running) -> None:
    """Deliver what is due until the service stops, a few messages at once."""
    settings: NotifySettings = running.settings
    delivery = Delivery(
        running,
        settings,
        channel_of(settings),
        Recipients(running.database, sealer_of(settings)),
    )
    await delivery.run()


@dataclass
class _Pause:
    needed: bool = False


@dataclass
class Delivery:
    """The one deliverer of a process; others may run beside it."""

    running: Running
    settings: NotifySettings
    channel: Channel
    recipients: Recipients

    async def run(self) -> None:
        """Work until the service stops; while the database is away, wait for it.

        A mail server that accepts and never answers holds up one of a few attempts, not the rest.
        """
        news = asyncio.Event()
        self.running.after_commit.append(news.set)
        room = asyncio.Semaphore(self.settings.attempts_at_once)
        async with asyncio.TaskGroup() as attempts:
            while not self.running.stopping.is_set():
                news.clear()
                await room.acquire()
                claimed = None
                with self._pausing() as pause:
                    claimed = await self._claim()
                if claimed is not None:
                    attempt = attempts.create_task(self._attempt_or_pause(claimed))
                    attempt.add_done_callback(lambda _: room.release())
                    continue
                room.release()
                await self._rest(self.running.stopping if pause.needed else news)

    async def deliver_next(self) -> bool:
        """One attempt of whatever is due first; False when nothing is."""
        claimed = await self._claim()
        if claimed is not None:
            await self._attempt(claimed)
        return claimed is not None

    async def _rest(self, wakes: asyncio.Event) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_REST_SECONDS):
                await wakes.wait()

    async def _attempt_or_pause(self, claimed: Claim) -> None:
        with self._pausing() as pause:
            await self._attempt(claimed)
        if pause.needed:
            await self._rest(self.running.stopping)

    @contextlib.contextmanager
    def _pausing(self) -> Iterator["_Pause"]:
        """What only says that it cannot be done now passes; the lease brings the attempt back."""
        pause = _Pause()
        try:
            yield pause
        except Exception as problem:
            if is_away(problem) or isinstance(problem, _NOT_NOW):
                _log.warning("delivery_paused", reason=type(problem).__name__)
                pause.needed = True
                return
            raise

    async def _claim(self) -> Claim | None:
        async with self.running.database.transaction() as tx:
            return await store.claim(tx, self.settings.lease_seconds)

    async def _attempt(self, claimed: Claim) -> None:
        if claimed.attempt is None:
            # The last attempt never told its end. It may have arrived; nobody will send it again.
            await self._give_up(claimed, MAX_ATTEMPTS, "outcome_unknown")
            return
        await failpoint("notify.before_attempt")
        message = await self._message(claimed)
        if isinstance(message, str):
            await self._give_up(claimed, claimed.attempt - 1, message)
            return
        reason = await self._call(message)
        await failpoint("notify.after_provider")
        await self._record(claimed, claimed.attempt, reason)

    async def _message(self, claimed: Claim) -> Message | str:
        """What to send, or why there is nothing to be sent."""
        recipient = await self.recipients.find(claimed.recipient_id)
        if recipient is None:
            return "address_erased"
        found = text_of(claimed.template, recipient.language, claimed.about)
        if found is None:
            return "template_unknown"
        return Message(claimed.notification_id, recipient.address, recipient.language, *found)

    async def _call(self, message: Message) -> str | None:
        """None when the provider took it, else why not."""
        try:
            async with asyncio.timeout(self.settings.attempt_seconds):
                await self.channel.send(message)
        except ChannelFailed as problem:
            return problem.reason
        except TimeoutError:
            return "timed_out"
        return None

    async def _record(self, claimed: Claim, attempt: int, reason: str | None) -> None:
        told = {"notification_id": str(claimed.notification_id), "attempt": attempt}
        if reason is None:
            _log.info("notification_sent", **told)
            await self._dispatch(claimed, self._sent(claimed, attempt))
        elif attempt >= MAX_ATTEMPTS:
            await self._give_up(claimed, attempt, reason)
        else:
            _log.warning("attempt_failed", reason=reason, **told)
            async with self.running.database.transaction() as tx:
                await store.postpone(tx, claimed, self._pause_seconds(attempt))

    async def _give_up(self, claimed: Claim, attempts: int, reason: str) -> None:
        _log.error(
            "notification_failed",
            notification_id=str(claimed.notification_id),
            attempts=attempts,
            reason=reason,
        )
        command = RecordFailure(
            actor=ACTOR,
            at=now(),
            # Two who gave it up for different reasons must not meet under one key.
            key=f"{claimed.notification_id}:failed:{attempts}:{reason}",
            notification_id=claimed.notification_id,
            attempts=attempts,
            reason=reason,
        )
        await self._dispatch(claimed, command)

    def _sent(self, claimed: Claim, attempt: int) -> RecordSent:
        return RecordSent(
            actor=ACTOR,
            at=now(),
            key=f"{claimed.notification_id}:sent:{attempt}",
            notification_id=claimed.notification_id,
            attempt=attempt,
        )

    async def _dispatch(self, claimed: Claim, command: RecordSent | RecordFailure) -> None:
        """Try more than once: an outcome that is not recorded means a second mail."""
        for last in (*[False] * (_RECORD_TRIES - 1), True):
            try:
                await self.running.dispatcher.dispatch(command, claimed.cause)
            except _NOT_NOW:
                if last:
                    raise
                await asyncio.sleep(_REST_SECONDS)
            else:
                return

    def _pause_seconds(self, attempt: int) -> float:
        # Spread by a fifth, so that what failed together does not come back together.
        pause = self.settings.retry_seconds * _GROWTH ** (attempt - 1)
        return pause * random.uniform(0.8, 1.2)  # noqa: S311 - only spreads the load
