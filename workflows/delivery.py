"""One batch for one recipient, through its channels, until it is told or nothing is left to try."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, TimeoutType, is_cancelled_exception
from temporalio.exceptions import TimeoutError as ActivityTimeoutError

with workflow.unsafe.imports_passed_through():
    from activities.planning import Planning
    from activities.sending import Sending
    from domain.channels import FALLBACK_ORDER, Channel
    from domain.effort import Effort
    from domain.ledger import NotificationStatus, dead_letter_id
    from domain.redriving import BY_DELIVERY
    from domain.status import Role
    from domain.telling import (
        Batch,
        DeadLetter,
        Decision,
        Send,
        Settle,
        Settled,
        TakeOver,
        Verdict,
        Withdrawn,
    )
    from domain.timeline import Line, ToldBatch
    from workflows.policy import EFFORTS, SEND_QUEUES, SEND_TIMEOUTS, USUAL, WITHDRAWAL_GRACE, turn_of
    from workflows.store_calls import in_store

# Each attempt that failed names its own next wait and knows when to stop. This is for those that could not:
# a worker that died, a store that was away. They end with the deadline at the latest.
_AFTER_A_LOST_WORKER = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=3, maximum_interval=timedelta(minutes=1)
)
_MAY_COME_BACK = frozenset({NotificationStatus.SENT, NotificationStatus.UNKNOWN})
_FAILED_TO_REACH = frozenset({NotificationStatus.FAILED, NotificationStatus.EXPIRED})
# What a channel that was to take over comes to when it is held back. Otherwise it has failed.
_HELD_BACK = {Verdict.SUPPRESSED: NotificationStatus.SUPPRESSED}

_SUPERSEDED = Settled(status=NotificationStatus.SUPERSEDED, reason="newer news took its place")
_TAKEN_BACK = Settled(status=NotificationStatus.SUPERSEDED, reason="taken back by hand")

SendHandle = workflow.ActivityHandle[Settled]


class Delivery:
    """Carries a planned batch out: every wanted channel in parallel, the next one when one fails.

    ``behind``: deliveries of older news with a call still in flight, by channel. Ours waits for it.
    One that an earlier run of the order paused is not new: only what was still under way goes on.
    """

    def __init__(
        self,
        batch: Batch,
        told: ToldBatch,
        behind: "Mapping[Channel, Delivery]",
        on_change: Callable[[DeadLetter | None], None],
        *,
        is_new: bool = True,
    ) -> None:
        self.batch, self.told = batch, told
        self._behind, self._on_change = behind, on_change
        self._sends: dict[Channel, SendHandle] = {}
        self._is_withdrawn = self._is_paused = False
        self._successor: Delivery | None = None
        self._tasks = [asyncio.create_task(self._carry_out(is_new))]

    def is_to(self, recipient_id: str, role: Role) -> bool:
        """Whether this recipient is the one told."""
        return (self.batch.recipient_id, self.batch.role) == (recipient_id, role)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to this batch."""
        return all(task.done() for task in self._tasks)

    @property
    def matters(self) -> bool:
        """Whether something is under way, or may yet have to be done."""
        return not self.is_over or self.may_come_back()

    def may_come_back(self) -> bool:
        """Whether a receipt may yet say that something sent did not arrive, and that it matters."""
        return self._is_current() and any(line.status in _MAY_COME_BACK for line in self.told.channels)

    def _is_current(self) -> bool:
        """Whether nothing newer was told since, and it is still of use."""
        is_newest = self._successor is None and not self._is_withdrawn
        return is_newest and workflow.now() < self.batch.deadline

    async def ends(self) -> None:
        """Wait until nothing more will happen to this batch."""
        await asyncio.gather(*self._tasks)

    def comes_back(self, line: Line) -> None:
        """Let the next channel take over from a message that did not arrive, unless newer news was told."""
        if any(line is ours for ours in self.told.channels) and self._is_current():
            self._tasks.append(asyncio.create_task(self._instead_of_what_came_back(line)))

    async def withdraw(self) -> tuple[list[Withdrawn], list[Channel]]:
        """Take back what has not left. Answers what was taken back, and where a call was in flight."""
        self._is_withdrawn = True
        live = [line.channel for line in self.told.channels if self._can_be_taken_back(line)]
        calls = [self._sends[channel] for channel in live if channel in self._sends]
        for call in calls:
            call.cancel()
        if calls:
            await workflow.wait(calls, timeout=WITHDRAWAL_GRACE.total_seconds())
        in_flight = [channel for channel in live if self._is_in_flight(channel)]
        taken = [channel for channel in live if self._never_left(channel)]
        return [self._taken_back(channel) for channel in taken], in_flight

    def is_followed_by(self, newer: "Delivery") -> None:
        """Name the delivery that carries on what was taken back here."""
        self._successor = self._successor or newer

    async def pause(self) -> bool:
        """Stop for a new run of the order to go on; answers whether there is anything to go on with."""
        self._is_paused = True
        for send in self._sends.values():
            send.cancel()
        await self.ends()
        is_under_way = any(line.status is NotificationStatus.PENDING for line in self.told.channels)
        return is_under_way or self.may_come_back()

    async def _carry_out(self, is_new: bool) -> None:
        lines = self.told.channels
        await asyncio.gather(
            *(self._through(line) for line in lines if line.status is NotificationStatus.PENDING),
            *(
                self._instead_of(line)
                for line in lines
                if line.status is NotificationStatus.FAILED and is_new
            ),
            *(self._close(channel, older) for channel, older in self._behind.items()),
        )
        await self._keep_what_reached_nobody()

    async def _instead_of_what_came_back(self, line: Line) -> None:
        await self._instead_of(line)
        await self._keep_what_reached_nobody()

    async def _keep_what_reached_nobody(self) -> None:
        if letter := self._dead_letter():
            await in_store(Planning.keep, letter)
            # An order remembers its letters for as long as it lives: the store alone keeps the whole.
            self._on_change(letter.model_copy(update={"content": None}))

    async def _through(self, line: Line) -> None:
        """Send on one channel, and on those that take over from it."""
        settled = await self._send(line)
        # A receipt may be here before the answer to the call that it is about.
        if settled is None or line.status is NotificationStatus.FAILED:
            return
        self._note(line, settled)
        if settled.status is NotificationStatus.FAILED:
            await self._instead_of(line)

    async def _instead_of(self, failed: Line) -> None:
        """Let the next channel that the recipient keeps for this take over."""
        while line := self._next_channel():
            line.status, line.message_id = NotificationStatus.PENDING, self.batch.message_id(line.channel)
            decision = await self._take_over(line, failed)
            if decision.verdict is Verdict.SEND:
                return await self._through(line)
            status = _HELD_BACK.get(decision.verdict, NotificationStatus.FAILED)
            self._note(line, Settled(status=status, reason=decision.reason))
        return None

    async def _send(self, line: Line) -> Settled | None:
        """Run one send to its end. None: the next run of the order goes on with it."""
        if older := self._behind.get(line.channel):
            await older.call_ends(line.channel)
        if self._is_withdrawn and self._can_be_taken_back(line):
            return await self._superseded(line.channel)
        if self._is_paused:
            return None
        effort, time_left = self._effort(), self.batch.deadline - workflow.now()
        self._sends[line.channel] = workflow.start_activity_method(
            Sending.send,
            Send(
                message_id=self.batch.message_id(line.channel),
                channel=line.channel,
                waits=effort.waits,
                fall_back_after=effort.fall_back_after,
                has_next=bool(self._held()),
            ),
            task_queue=SEND_QUEUES[line.channel],
            start_to_close_timeout=SEND_TIMEOUTS[line.channel],
            schedule_to_start_timeout=max(time_left, timedelta(seconds=1)),
            schedule_to_close_timeout=max(time_left, timedelta()) + SEND_TIMEOUTS[line.channel],
            retry_policy=_AFTER_A_LOST_WORKER,
            priority=turn_of(self.batch.priority, self.batch.merchant_id),
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=f"{' → '.join(line.statuses)} to {self.batch.role}",
        )
        try:
            return await self._sends[line.channel]
        except ActivityError as error:
            return await self._settle_unsent(line, _how_it_ended(error))
        except asyncio.CancelledError:
            # Taken back in the very task that scheduled it: the server never heard of it.
            return await self._settle_unsent(line, _TAKEN_BACK)

    async def _superseded(self, channel: Channel) -> Settled:
        """Mark a row that came too late for the batch that carries its news on to see it."""
        await workflow.wait_condition(lambda: self._successor is not None)
        by = self._successor._message_id_instead_of(channel) if self._successor else None
        await self._settle(self.batch.message_id(channel), _SUPERSEDED, by=by)
        return _SUPERSEDED

    async def call_ends(self, channel: Channel) -> None:
        """Wait until the call in flight on a channel has ended, whichever way."""
        await workflow.wait([self._sends[channel]])

    async def _settle_unsent(self, line: Line, settled: Settled) -> Settled | None:
        """Write down the end of a send that could not write it down itself."""
        if self._is_paused:
            return None
        if self._is_withdrawn and self._can_be_taken_back(line):
            return _SUPERSEDED  # the batch that carries the news on marks the row
        await self._settle(self.batch.message_id(line.channel), settled)
        return settled

    async def _close(self, channel: Channel, older: "Delivery") -> None:
        """Mark an older notification that was in flight when ours took over, and then failed after all."""
        await older.call_ends(channel)
        if older._never_left(channel):
            await self._settle(
                older.batch.message_id(channel), _SUPERSEDED, by=self._message_id_instead_of(channel)
            )

    async def _take_over(self, line: Line, failed: Line) -> Decision:
        request = TakeOver(
            batch=self.batch,
            channel=line.channel,
            failed=failed.channel,
            reason=failed.reason or "failed",
            at=workflow.now(),
        )
        return await in_store(Planning.take_over, request)

    async def _settle(self, message_id: str, settled: Settled, by: str | None = None) -> None:
        await in_store(
            Planning.settle,
            Settle(
                message_ids=(message_id,),
                status=settled.status,
                reason=settled.reason or "",
                superseded_by=by,
            ),
        )

    def _effort(self) -> Effort:
        """Nobody hurries on to a next channel that is not there."""
        effort = EFFORTS.get(self.batch.priority, USUAL)
        return effort if any(self._held()) else Effort(effort.waits)

    def _held(self) -> list[Line]:
        """The channels kept for when another fails, in the order they take over."""
        in_turn = [
            line for channel in FALLBACK_ORDER for line in self.told.channels if line.channel is channel
        ]
        return [line for line in in_turn if line.verdict is Verdict.HELD and line.status is None]

    def _next_channel(self) -> Line | None:
        is_too_late = workflow.now() >= self.batch.deadline
        return None if self._is_withdrawn or is_too_late else next(iter(self._held()), None)

    def _can_be_taken_back(self, line: Line) -> bool:
        """Whether newer news takes this one's place; the e-mail of a record is the recipient's to keep."""
        is_record = line.channel is Channel.EMAIL and any(status.rule.record for status in line.statuses)
        return line.status is NotificationStatus.PENDING and not is_record

    def _is_in_flight(self, channel: Channel) -> bool:
        return channel in self._sends and not self._sends[channel].done()

    def _never_left(self, channel: Channel) -> bool:
        send = self._sends.get(channel)
        return send is None or send.cancelled() or (send.done() and send.exception() is not None)

    def _taken_back(self, channel: Channel) -> Withdrawn:
        return Withdrawn(
            message_id=self.batch.message_id(channel),
            channel=channel,
            statuses=self.told.line(channel).statuses,
        )

    def _message_id_instead_of(self, channel: Channel) -> str | None:
        """The message that carries an older one's news: ours on the same channel, or else any of ours."""
        ours = [line.message_id for line in self.told.channels if line.message_id]
        same = self.batch.message_id(channel)
        return same if same in ours else next(iter(ours), None)

    def _note(self, line: Line, settled: Settled) -> None:
        line.status, line.reason, line.provider = settled.status, settled.reason, settled.provider
        self._on_change(None)

    def _dead_letter(self) -> DeadLetter | None:
        """What is left when a batch should have reached somebody and reached nobody."""
        ends = {line.status for line in self.told.channels}
        # What newer news carries on is superseded. What had failed by then is carried by nobody.
        if not ends & _FAILED_TO_REACH or ends - _FAILED_TO_REACH - {None}:
            return None
        why = "; ".join(f"{line.channel}: {line.reason}" for line in self.told.channels if line.status)
        return DeadLetter(
            dead_letter_id=dead_letter_id(
                self.batch.order_id, BY_DELIVERY, self.batch.message_id(Channel.IN_APP)
            ),
            order_id=self.batch.order_id,
            source=BY_DELIVERY,
            reason=f"reached {self.batch.role} {self.batch.recipient_id} on no channel: {why}",
            recipient_id=self.batch.recipient_id,
            batch=self.told.batch,
            content=self.batch,
            at=workflow.now(),
        )


def _how_it_ended(error: ActivityError) -> Settled:
    """What a send's own failure says about the notification; the usual endings are results, not failures."""
    cause = error.cause
    if isinstance(cause, ActivityTimeoutError):
        if cause.type is TimeoutType.SCHEDULE_TO_START:
            return Settled(status=NotificationStatus.EXPIRED, reason="its turn came too late")
        return Settled(status=NotificationStatus.UNKNOWN, reason="the worker was lost during the call")
    if is_cancelled_exception(error):
        return _TAKEN_BACK
    return Settled(status=NotificationStatus.FAILED, reason="our own error, see the worker's log")
