"""The life of one order: takes in what happens to it, and tells everyone concerned until it ends."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.planning import Planning
    from domain.channels import Channel
    from domain.desk import Answer, Desk
    from domain.ledger import NotificationStatus
    from domain.orders import WORKFLOW_TYPE, BadInput, Order, Receipt, order_id_of, read_event, read_receipt
    from domain.telling import AskQueues, Batch, DeadLetter, Withdrawn
    from domain.timeline import BATCHES_KEPT, DEAD_LETTERS_SHOWN, Timeline, as_markdown, opening, timeline
    from workflows.carried import Carried, NextRun, Unfinished
    from workflows.delivery import Delivery
    from workflows.intake import NOTHING, Crowd, decoded, only, read_start, unreadable
    from workflows.live_activities import LiveActivities
    from workflows.policy import (
        CUSTOMER_ID,
        GIVEN_UP_AFTER,
        NOTHING_ACCEPTED_AFTER,
        ORDER_STATUS,
        SIGNALS_A_RUN,
        SIGNALS_OF_A_BURST,
        searchable,
    )
    from workflows.store_calls import in_store


@workflow.defn(name=WORKFLOW_TYPE)
class OrderNotifications:
    """One order, driven by any Temporal client with plain JSON."""

    @workflow.init
    def __init__(self, start: RawValue = NOTHING) -> None:
        self._unkept: list[DeadLetter] = []
        carried = self._read_start(start)
        self._desk = carried.desk
        self._told = deque(carried.told)
        self._forgotten = carried.forgotten
        self._dead_letters = deque(carried.dead_letters, maxlen=DEAD_LETTERS_SHOWN)
        self._unkept += carried.unkept
        self._receipts = list(carried.receipts)
        self._deliveries: list[Delivery] = []
        self._unfinished = carried.unfinished
        self._live = LiveActivities(self._order_id, is_shown=carried.is_shown_live)
        self._signals = 0
        self._crowd = Crowd()
        self._is_silent = False

    @workflow.run
    async def run(self, start: RawValue = NOTHING) -> str | None:  # noqa: ARG002 read by __init__
        """Tell everyone concerned what happens to one order, until it ends; answer its last status."""
        self._go_on_with_what_was_under_way()
        self._watch_for_long_silence()
        while not self._is_over():
            await self._news_worth_telling()
            await self._read_on()
            await self._merge_for_longer_what_can_wait()
            await self._tell(self._desk.take_due(workflow.now()))
            await self._write_down_what_came_in()
            self._live.end_with(self._desk)
            await self._give_up_if_silent()
            await self._continue_as_new_if_long()
        return self._desk.newest.status if self._desk.newest else None

    @workflow.signal(dynamic=True)
    def something_arrived(self, name: str, arguments: Sequence[RawValue]) -> None:
        """Take in ``status_changed`` or ``receipt``; keep for a person what cannot be read.

        One handler for all signals: in a handler of its own, a missing or second argument blocks the order,
        and a misspelt name would wait unseen for ever.
        """
        self._signals += 1
        if self._crowd.may_read(workflow.now()):
            self._take_in(name, arguments)
        else:
            self._crowd.add((name, arguments))

    @workflow.update(name="announce")
    def announce(self, event: RawValue = NOTHING) -> Answer:
        """Take in an order event, and say what became of it."""
        return self._desk.receive(read_event(decoded(event), order_id=self._order_id), workflow.now())

    @announce.validator
    def _refuse_a_bad_event(self, event: RawValue = NOTHING) -> None:
        try:
            read_event(decoded(event), order_id=self._order_id)
        except BadInput as problem:
            raise ApplicationError(str(problem), problem.field, type="BadEvent", non_retryable=True) from None

    @workflow.query(name="timeline")
    def timeline(self) -> Timeline:
        """Every batch, who was told what on which channel, and for what was not sent, why."""
        return self._timeline()

    # The steps of the story

    async def _news_worth_telling(self) -> None:
        """Wait for news that is due, for the end of a window, or for anything else that needs doing."""
        if self._has_something_to_do():
            return
        wake_at = self._wake_at()
        with contextlib.suppress(asyncio.TimeoutError):
            await workflow.wait_condition(
                lambda: self._has_something_to_do() or self._wake_at() != wake_at,
                timeout=wake_at - workflow.now() if wake_at else None,
                timeout_summary="window" if self._desk.next_due() else "open for late news",
            )

    async def _read_on(self) -> None:
        """Read some of the signals that came in a crowd, in a task of their own."""
        if self._crowd:
            await workflow.sleep(timedelta(milliseconds=1), summary="a crowd of signals to read")
            for name, arguments in self._crowd.take():
                self._take_in(name, arguments)

    def _take_in(self, name: str, arguments: Sequence[RawValue]) -> None:
        try:
            content = only(arguments)
            if name == "status_changed":
                self._desk.receive(read_event(content, order_id=self._order_id), workflow.now())
            elif name == "receipt":
                self._receipts.append(read_receipt(content))
            else:
                raise BadInput("signal", "unknown, use status_changed or receipt")
        except BadInput as problem:
            self._unkept.append(unreadable(self._order_id, name, problem, arguments, workflow.now()))

    async def _merge_for_longer_what_can_wait(self) -> None:
        """Let news that can wait do so while the queues it would join are behind."""
        for listener, until in self._desk.may_wait(workflow.now()):
            if await in_store(Planning.is_behind, AskQueues(channels=listener.behind)):
                listener.held_until = until

    async def _tell(self, batches: Sequence[Batch]) -> None:
        await asyncio.gather(*(self._tell_one(batch) for batch in batches))
        if batches:
            self._show_where_the_order_is()

    async def _tell_one(self, batch: Batch) -> None:
        withdrawn, in_flight = await self._withdraw_what_it_supersedes(batch)
        batch = batch.model_copy(update={"withdrawn": tuple(withdrawn)})
        plan = await in_store(Planning.plan, batch, in_a_burst=self._signals >= SIGNALS_OF_A_BURST)
        self._live.are_shown(by=plan)
        self._desk.hears_from_the_ledger(batch, plan)
        told = opening(batch, plan.number, plan.channels)
        self._told.append(told)
        self._deliveries = [delivery for delivery in self._deliveries if delivery.matters]
        newer = Delivery(batch, told, in_flight, self._something_changed)
        for delivery in self._deliveries:
            if delivery.is_to(batch.recipient_id, batch.role):
                delivery.is_followed_by(newer)
        self._deliveries.append(newer)
        while len(self._told) > BATCHES_KEPT:
            self._told.popleft()
            self._forgotten += 1

    async def _withdraw_what_it_supersedes(
        self, batch: Batch
    ) -> tuple[list[Withdrawn], dict[Channel, Delivery]]:
        """Take back what the same recipient was to be told before and that has not left."""
        withdrawn: list[Withdrawn] = []
        in_flight: dict[Channel, Delivery] = {}
        for delivery in self._deliveries:
            if not delivery.is_over and delivery.is_to(batch.recipient_id, batch.role):
                taken, calls = await delivery.withdraw()
                withdrawn += taken
                in_flight.update(dict.fromkeys(calls, delivery))
        return withdrawn, in_flight

    async def _write_down_what_came_in(self) -> None:
        """Keep what could not be read, and move notifications on by what providers said."""
        while self._unkept:
            letter = self._unkept.pop(0)
            await in_store(Planning.keep, letter)
            self._something_changed(letter)
        while self._receipts:
            receipt = self._receipts.pop(0)
            status = await in_store(Planning.record_receipt, receipt)
            self._note_receipt(receipt, status)

    def _note_receipt(self, receipt: Receipt, status: NotificationStatus | None) -> None:
        has_failed = status is NotificationStatus.FAILED
        for line in (line for told in self._told for line in told.channels):
            if status and line.message_id == receipt.message_id and line.status is not status:
                line.status, line.reason = status, receipt.code or (receipt.state if has_failed else None)
                self._something_changed()
                for delivery in self._deliveries if has_failed else ():
                    delivery.comes_back(line)

    async def _give_up_if_silent(self) -> None:
        if not self._is_silent:
            return
        await self._live.end()
        if self._desk.last_event_at is None:
            raise ApplicationError("No event was accepted", type="NothingAccepted", non_retryable=True)
        raise ApplicationError(
            f"Given up: no event for {GIVEN_UP_AFTER.days} days", type="GivenUp", non_retryable=True
        )

    async def _continue_as_new_if_long(self) -> None:
        """Begin a new run with everything in hand: nothing is awaited between gathering it and leaving."""
        # A crowd is told as it is read: what a run hands to the next stays small.
        if not self._is_long() or self._crowd:
            return
        under_way = [delivery for delivery in self._deliveries if delivery.matters]
        paused = [delivery for delivery in under_way if await delivery.pause()]
        await self._live.pause()
        while self._crowd:
            await self._read_on()
        carried = Carried(
            desk=self._desk,
            told=tuple(self._told),
            forgotten=self._forgotten,
            unfinished=tuple(Unfinished(batch=delivery.batch, told=delivery.told) for delivery in paused),
            dead_letters=tuple(self._dead_letters),
            unkept=tuple(self._unkept),
            receipts=tuple(self._receipts),
            is_shown_live=self._live.must_be_ended,
        )
        order = self._desk.order
        workflow.continue_as_new(NextRun(order_id=order.order_id, rules=order.rules, carried=carried))

    def _go_on_with_what_was_under_way(self) -> None:
        for unfinished in self._unfinished:
            known = (told for told in self._told if told.batch == unfinished.told.batch)
            told = next(known, unfinished.told)
            self._deliveries.append(
                Delivery(unfinished.batch, told, {}, self._something_changed, is_new=False)
            )

    def _watch_for_long_silence(self) -> None:
        self._watch = asyncio.create_task(self._long_silence())

    async def _long_silence(self) -> None:
        """One timer for an order's whole life: it looks again rather than starting over with every event."""
        while (left := self._until_given_up()) > timedelta(0):
            await workflow.sleep(left, summary="given up when nothing happens")
        self._is_silent = True

    # What there is to do, and what there is to see

    @property
    def _order_id(self) -> str:
        return self._desk.order.order_id

    def _is_over(self) -> bool:
        is_settled = self._live.are_settled and all(delivery.is_over for delivery in self._deliveries)
        return is_settled and not self._came_in() and self._desk.has_ended(workflow.now())

    def _has_something_to_do(self) -> bool:
        due = self._desk.next_due()
        is_due = due is not None and due <= workflow.now()
        return is_due or self._came_in() or self._is_silent or self._is_long() or self._is_over()

    def _wake_at(self) -> datetime | None:
        """When time alone gives us something to do."""
        if due := self._desk.next_due():
            return due
        ends_at = self._desk.ends_at
        return ends_at if ends_at and ends_at > workflow.now() else None

    def _came_in(self) -> bool:
        return bool(self._unkept or self._receipts or self._crowd)

    def _is_long(self) -> bool:
        return self._signals >= SIGNALS_A_RUN or workflow.info().is_continue_as_new_suggested()

    def _until_given_up(self) -> timedelta:
        last = self._desk.last_event_at
        if last is None:
            return workflow.info().workflow_start_time + NOTHING_ACCEPTED_AFTER - workflow.now()
        return last + GIVEN_UP_AFTER - workflow.now()

    def _something_changed(self, letter: DeadLetter | None = None) -> None:
        if letter:
            self._dead_letters.append(letter)
        workflow.set_current_details(as_markdown(self._timeline()))

    def _show_where_the_order_is(self) -> None:
        """For the Temporal UI. An attribute that has its value already costs nothing.

        By status an order is found when it has ended: each step on the way there would be one more event and
        one more write to what is searched, the price of a fifth of what an order costs.
        """
        known = workflow.info().typed_search_attributes
        customer_id = searchable(self._desk.customer_id or "")
        is_telling = self._desk.ends_at is not None or known.get(ORDER_STATUS) is None
        status = self._timeline().status if is_telling else None
        values = ((CUSTOMER_ID, customer_id), (ORDER_STATUS, status))
        if changed := [key.value_set(value) for key, value in values if value and known.get(key) != value]:
            workflow.upsert_search_attributes(changed)
        self._something_changed()

    def _timeline(self) -> Timeline:
        return timeline(self._desk, self._told, self._forgotten, self._dead_letters, workflow.now())

    def _read_start(self, start: RawValue) -> Carried:
        """Start input that cannot be read does not cost the order its news: the workflow's id says enough."""
        own_id = order_id_of(workflow.info().workflow_id)
        try:
            order = read_start(start)
        except BadInput as problem:
            self._unkept.append(unreadable(own_id, "start", problem, [start], workflow.now()))
            return Carried(desk=Desk(order=Order(order_id=own_id)))
        return order.carried or Carried(desk=Desk(order=Order(order_id=order.order_id, rules=order.rules)))
