"""The faults that are planted, one line of ours each, with the test that must go red for it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PlantedFault:
    """``old`` stands in ``file`` exactly once; with ``new`` in its place ``test`` fails."""

    name: str
    file: str
    old: str
    new: str
    test: str


_ORDER = "workflows/order_notifications.py"
_DELIVERY = "workflows/delivery.py"
_STORY = "tests/test_story_of_an_order.py::"
_TRYING = "tests/test_story_of_trying.py::"
_TRUST = "tests/test_story_of_trust.py::"
_RECEIPTS = "tests/test_story_of_receipts.py::"
_LIVE = "tests/test_story_of_live_activities.py::"
_SENDING = "tests/test_sending.py::"
_DESK = "tests/domain/test_desk.py::"
_TURNS = "tests/test_story_of_turns.py::"
_QUEUES = "tests/test_story_of_full_queues.py::"
_CARE = "tests/test_send_worker.py::"
_CACHE = "tests/test_evicting.py::"
_STORE = "tests/store/"
_ANY_ORDER = (
    "tests/test_properties_of_an_order.py"
    "::test_whatever_happens_everybody_is_told_once_in_order_or_there_is_a_reason"
)

FAULTS = (
    # Told twice
    PlantedFault(
        "a send does not look at its row's status",
        "activities/sending.py",
        "if envelope.status not in UNSETTLED:",
        "if envelope.status is None:",
        _SENDING + "test_what_its_row_says_is_over_is_not_sent[SENT]",
    ),
    PlantedFault(
        "a message id has the batch's number in it",
        "domain/telling.py",
        "channel, self.newest.event_id)",
        'channel, f"{self.newest.event_id} {self.number}")',
        _STORE
        + "test_planning.py::test_rows_of_the_same_batch_under_another_number_are_found_by_their_key[sqlite]",
    ),
    PlantedFault(
        "the first plan of a run does not ask the ledger",
        "activities/store/store.py",
        "wording, look=batch.first_of_run)",
        "wording, look=False)",
        _TRUST + "test_an_order_that_starts_again_does_not_tell_what_is_older_than_what_it_told",
    ),
    PlantedFault(
        "event ids are forgotten at a hand-over",
        "domain/desk.py",
        "self._known = set(self.event_ids)",
        "self._known = set()",
        _DESK + "test_event_ids_are_remembered_through_a_hand_over_and_up_to_a_bound",
    ),
    PlantedFault(
        "an accepted message is forgotten when the store is away",
        "activities/sending.py",
        "activity.heartbeat(Noted(reference=attempt.reference, provider=attempt.provider))",
        "pass",
        _SENDING + "test_what_the_provider_took_while_the_store_was_away_is_only_written_down",
    ),
    PlantedFault(
        "a send resumed after a crash counts as the first attempt",
        "activities/turn.py",
        "return self.envelope.is_in_doubt or vanished > 0",
        "return self.envelope.is_in_doubt",
        _SENDING + "test_an_attempt_that_vanished_makes_the_next_one_a_repeat",
    ),
    PlantedFault(
        "what an earlier run's send recorded hides an attempt that was lost",
        "activities/turn.py",
        "recorded = self.envelope.failures - self.noted.failures_before",
        "recorded = self.envelope.failures",
        _SENDING + "test_a_lost_attempt_is_not_hidden_by_what_an_earlier_runs_send_had_recorded",
    ),
    PlantedFault(
        "a mail of unknown outcome is sent again whatever it is",
        "domain/effort.py",
        "return channel is Channel.SMS or any(status.rule.record for status in path)",
        "return True",
        "tests/domain/test_effort.py::test_what_follows_an_unknown_outcome[email-NEARBY-False-False]",
    ),
    PlantedFault(
        "a repeated text does not look on the provider's list",
        "activities/channels/twilio.py",
        "if message.is_repeat:",
        "if message.is_repeat and not message.priority:",
        _TRYING + "test_a_text_of_unknown_outcome_is_found_on_the_providers_list[OUT_FOR_DELIVERY]",
    ),
    PlantedFault(
        "a row moves without the condition of its update",
        "activities/store/sends.py",
        '.where(_c.message_id == bindparam("which"), is_any_of(_c.status, MAY_COME_FROM[new]))',
        '.where(_c.message_id == bindparam("which"))',
        _SENDING + "test_an_answer_that_comes_late_does_not_overwrite_what_came_first",
    ),
    PlantedFault(
        "a batch's number is used again",
        "domain/desk.py",
        "self.batches += 1",
        "self.batches = 1",
        "tests/domain/test_properties_of_the_desk.py"
        "::test_batches_are_numbered_and_the_first_one_asks_the_ledger",
    ),
    # Lost
    PlantedFault(
        "an order ends although news waits: no drain",
        "domain/desk.py",
        "now >= self.ends_at and self.next_due() is None",
        "now >= self.ends_at",
        _DESK + "test_an_order_ends_a_linger_time_after_its_final_status",
    ),
    PlantedFault(
        "continue-as-new forgets the news that waits",
        _ORDER,
        "            desk=self._desk,\n            told=",
        '            desk=self._desk.model_copy(update={"listeners": []}),\n            told=',
        _TRUST + "test_an_order_that_continues_as_new_forgets_nothing",
    ),
    PlantedFault(
        "continue-as-new forgets the sends under way",
        _ORDER,
        "for delivery in paused),",
        "for delivery in paused[:0]),",
        _TRUST + "test_an_order_that_continues_as_new_forgets_nothing",
    ),
    PlantedFault(
        "input that cannot be read is raised from the signal's handler",
        _ORDER,
        "self._unkept.append(unreadable(self._order_id, name, problem, arguments, workflow.now()))",
        "raise ApplicationError(str(problem)) from None",
        _TRUST + "test_nonsense_neither_stops_an_order_nor_gets_lost[text]",
    ),
    PlantedFault(
        "a batch that reached nobody is not kept",
        _DELIVERY,
        "if letter := self._dead_letter():",
        "if (letter := self._dead_letter()) and not letter.reason:",
        _STORY + "test_a_batch_that_reaches_nobody_becomes_a_dead_letter",
    ),
    PlantedFault(
        "a refused channel does not let the next one take over",
        _DELIVERY,
        "        if settled.status is NotificationStatus.FAILED:\n            await self._instead_of(line)",
        "        if settled.status is None:\n            await self._instead_of(line)",
        _STORY + "test_a_refused_push_becomes_a_text",
    ),
    # Untrue, unwanted or too late
    PlantedFault(
        "superseded news is not taken back",
        _DELIVERY,
        "        for call in calls:\n            call.cancel()",
        "        for call in calls:\n            call.done()",
        _STORY + "test_news_asleep_in_back_off_is_superseded_by_newer_news",
    ),
    PlantedFault(
        "older news that has not left is left alone",
        _ORDER,
        "if not delivery.is_over and delivery.is_to(",
        "if delivery.is_over and delivery.is_to(",
        _ANY_ORDER,
    ),
    PlantedFault(
        "what newer news carries is not closed",
        "activities/store/plans.py",
        "    await _supersede(connection, batch, list(written))",
        "    _supersede(connection, batch, list(written)).close()",
        _ANY_ORDER,
    ),
    PlantedFault(
        "news does not wait for the call in flight before it",
        _DELIVERY,
        "if older := self._behind.get(line.channel):",
        "if (older := self._behind.get(line.channel)) and older.is_over:",
        _TRUST + "test_news_leaves_only_when_the_call_before_it_has_ended",
    ),
    PlantedFault(
        "a fallback does not ask again whether it is off",
        "domain/deciding.py",
        "    if reach is Reach.OFF:\n        # ",
        "    if reach is None:\n        # ",
        _STORE + "test_taking_over.py::test_a_channel_switched_off_since_is_not_used[sqlite]",
    ),
    PlantedFault(
        "what is off is told all the same",
        "domain/deciding.py",
        "for status, reach in reaches.items() if reach is not Reach.OFF]",
        "for status, reach in reaches.items() if reach]",
        "tests/domain/test_properties.py::test_off_is_never_overruled",
    ),
    PlantedFault(
        "a send does not look at its deadline",
        "activities/turn.py",
        "if now >= envelope.deadline:",
        "if envelope.deadline is None:",
        _SENDING + "test_what_comes_after_its_deadline_is_not_sent",
    ),
    PlantedFault(
        "the window slides with each event",
        "domain/listener.py",
        "self.waiting_since = self.waiting_since or now",
        "self.waiting_since = now",
        _STORY + "test_the_window_does_not_slide",
    ),
    PlantedFault(
        "a stage that the order has left is told",
        "domain/desk.py",
        "if self.newest_told and _has_left(news, self.newest_told):",
        "if self.newest_told is None and _has_left(news, news):",
        _DESK + "test_a_stage_the_order_has_left_is_not_told_even_to_somebody_new",
    ),
    PlantedFault(
        "a cancellation does not silence what is told beside it",
        "domain/news.py",
        "if any(status.rule.silences for status in path):",
        "if not path:",
        _STORY + "test_a_cancellation_silences_all_else",
    ),
    PlantedFault(
        "quiet hours hold back urgent news",
        "domain/deciding.py",
        "MAY_BE_HELD_BACK = frozenset({3, 5})",
        "MAY_BE_HELD_BACK = frozenset({1, 3, 5})",
        "tests/domain/test_properties.py::test_urgent_news_is_never_held_back",
    ),
    # Too hard on a provider
    PlantedFault(
        "the breaker never opens",
        "domain/breaker.py",
        "return self.state is BreakerState.CLOSED and is_failing",
        "return self.state is None and is_failing",
        _STORE + "test_breakers.py::test_a_worker_hears_of_failures_it_did_not_see[sqlite]",
    ),
    PlantedFault(
        "a provider's own wait is not kept to",
        "domain/effort.py",
        "wait = max(wait, provider_wait or 0)",
        "wait = max(wait, 0)",
        _TRYING + "test_a_providers_own_wait_replaces_ours_when_it_is_longer",
    ),
    PlantedFault(
        "a dead device is tried again",
        "activities/reaching.py",
        "if isinstance(outcome, Gone):",
        "if outcome is None:",
        _STORY + "test_a_dead_device_is_not_tried_again",
    ),
    # What providers and recipients tell later
    PlantedFault(
        "a message that came back is left alone",
        _ORDER,
        "for delivery in self._deliveries if has_failed else ():",
        "for delivery in ():",
        _RECEIPTS + "test_an_undelivered_text_becomes_an_email",
    ),
    PlantedFault(
        "older news that came back is told after newer news",
        _DELIVERY,
        "self._successor is None and not self._is_withdrawn",
        "not self._is_withdrawn",
        _RECEIPTS + "test_what_did_not_arrive_is_not_told_elsewhere_once_newer_news_was",
    ),
    PlantedFault(
        "what may come back is forgotten at a hand-over",
        _DELIVERY,
        "return is_under_way or self.may_come_back()",
        "return is_under_way",
        _RECEIPTS + "test_a_text_that_comes_back_after_the_order_continued_as_new_still_becomes_an_email",
    ),
    PlantedFault(
        "STOP does not reach what is asleep in back-off",
        "activities/reaching.py",
        "if _is_switched_off(envelope):",
        "if envelope is None:",
        _RECEIPTS + "test_stop_silences_a_text_that_is_asleep_in_back_off",
    ),
    PlantedFault(
        "an order that is given up stays on the lock screen",
        _ORDER,
        "        await self._live.end()\n",
        "",
        _LIVE + "test_an_order_that_is_given_up_is_ended",
    ),
    PlantedFault(
        "a lock screen that was not cleared yet is forgotten at a hand-over",
        _ORDER,
        "is_shown_live=self._live.must_be_ended",
        "is_shown_live=False",
        _LIVE + "test_an_ending_that_apple_has_not_taken_goes_on_in_the_orders_next_run",
    ),
    PlantedFault(
        "the sweep does not look at lock screens",
        "activities/sweeping.py",
        "shown=await self._still_shown()",
        "shown=()",
        _LIVE + "test_an_order_that_an_operator_stops_is_ended_by_the_sweep",
    ),
    PlantedFault(
        "an activity that was swiped away swallows the news",
        "activities/reaching.py",
        "not isinstance(answer.outcome, (Gone, Refused))",
        "not isinstance(answer.outcome, Refused)",
        _LIVE + "test_an_activity_that_was_swiped_away_gives_its_place_back_to_alerts",
    ),
    # Out of turn
    PlantedFault(
        "sends do not say whose order they are about",
        _DELIVERY,
        "turn_of(self.batch.priority, self.batch.merchant_id)",
        "turn_of(self.batch.priority, None)",
        _TURNS + "test_sends_carry_the_priority_of_their_news_and_their_merchant",
    ),
    PlantedFault(
        "a queue that has caught up is not noticed",
        _ORDER,
        "if await in_store(Planning.is_behind, AskQueues(channels=listener.behind)):",
        "if True:",
        _QUEUES + "test_it_lets_go_with_the_window_in_which_the_queue_has_caught_up",
    ),
    PlantedFault(
        "behind a queue a full machine takes on all that it can",
        "send_worker.py",
        "as_there_is_room if self.is_careful else fixed",
        "fixed",
        _CARE + "test_behind_a_queue_a_full_machine_has_one_send_in_hand_and_takes_the_next_when_it_ends",
    ),
    PlantedFault(
        "what has left the cache stays in memory",
        "evicting.py",
        "            task.result()",
        "            pass",
        _CACHE + "test_of_orders_that_left_the_cache_nothing_stays_and_each_goes_on",
    ),
)
