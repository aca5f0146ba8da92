"""The life of a job: each event changes what it says, and no order of events leads astray."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.jobs import transitions
from bot.jobs.transition_table import TABLE, Event, NotAllowed, possible
from bot.texts import text
from bot.values.character import ProviderCharacter
from bot.values.job import (
    BEFORE_SUBMISSION,
    CharacterRequest,
    CharacterResult,
    DeliveryAttempt,
    DeliveryRoute,
    Job,
    Lane,
    Origin,
    Outcome,
    PreviewRequest,
    Question,
    Seen,
    Step,
    Transition,
    VideoRequest,
    VideoResult,
)
from bot.values.source import Attachment, Link
from bot.values.time_range import TimeRange
from bot.values.video import Concern, Findings

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
WHY = text("That did not work.")
RANGE = TimeRange(Decimal(1), Decimal(3))
ORIGIN = Origin(
    guild_id=1,
    channel_id=2,
    message_id=None,
    token="interaction-token",
    token_at=NOW,
    locale="en",
    private=False,
    ephemeral=False,
    bot_is_member=True,
)
ELSEWHERE = replace(ORIGIN, channel_id=9, token="another")
REQUEST = CharacterRequest(
    source=Attachment(url="https://cdn.example/signed", filename="clip.mp4", size=1), range=RANGE, model="sora-2"
)
RESULT = CharacterResult(characters=(ProviderCharacter(id="c", display_name="Ann", username="ann"),))


def a_job(**fields: Any) -> Job:
    job = Job(
        id="0" * 16,
        owner_id=7,
        origin=ORIGIN,
        step=Step.PREPARE,
        next_attempt_at=NOW,
        request=REQUEST,
        attempts=3,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(job, **fields)


def after(job: Job, transition: Transition) -> Job:
    return replace(job, **transition.changes)


# -- one event at a time --------------------------------------------------------------------------------------------


def test_a_job_goes_from_step_to_step() -> None:
    job = a_job()
    job = after(job, transitions.prepared(job, NOW + SECOND))
    assert (job.step, job.attempts, job.next_attempt_at) == (Step.SUBMIT, 0, NOW + SECOND)
    job = after(job, transitions.submitting(job, NOW))
    assert (job.step, job.submit_started_at, job.lane) == (Step.SUBMIT, NOW, Lane.SUBMITTED)
    job = after(job, transitions.accepted(job, NOW, "task_1", 5, 5 * SECOND))
    assert (job.step, job.task_id, job.progress, job.next_attempt_at) == (Step.WATCH, "task_1", 5, NOW + 5 * SECOND)
    job = after(job, transitions.completed(job, NOW, RESULT))
    assert (job.step, job.result, job.progress) == (Step.COLLECT, RESULT, 100)
    job = after(job, transitions.collected(job, NOW, replace(RESULT, character_id=4)))
    assert (job.step, job.outcome, job.finished_at) == (Step.DELIVER, Outcome.SUCCEEDED, NOW)
    job = after(job, transitions.delivered(job, NOW))
    assert (job.step, job.outcome, job.delivered_at, job.next_attempt_at) == (Step.DONE, Outcome.SUCCEEDED, NOW, None)
    assert job.counted


def test_what_is_done_holds_no_key_any_more() -> None:
    for done in (
        after(job := a_job(step=Step.DELIVER, outcome=Outcome.FAILED), transitions.delivered(job, NOW)),
        after(job := a_job(step=Step.DELIVER, outcome=Outcome.FAILED), transitions.kept(job, NOW)),
        after(job := a_job(), transitions.cancelled(job, NOW)),
        after(job := a_job(step=Step.CHOOSE, question=Question.CONSENT), transitions.expired(job, NOW)),
    ):
        assert done.step is Step.DONE
        assert done.origin.token is None
        assert isinstance(done.about_source.source, Attachment)
        assert done.about_source.source.url is None


def test_an_answer_goes_into_the_request_and_forgets_what_was_found_in_other_seconds() -> None:
    findings = Findings(concerns=(Concern.CUT,), faces=True)
    job = a_job(step=Step.CHOOSE, question=Question.CONCERNS, seen=Seen(sha256="ab", findings=findings))
    same = transitions.answered(job, NOW, Question.CONCERNS, replace(REQUEST, anyway=True), ELSEWHERE)
    assert after(job, same) == replace(
        job,
        step=Step.PREPARE,
        question=None,
        attempts=0,
        next_attempt_at=NOW,
        origin=ELSEWHERE,
        request=replace(REQUEST, anyway=True),
    )
    other = replace(REQUEST, range=TimeRange(Decimal(2), Decimal(4)))
    assert after(job, transitions.answered(job, NOW, Question.CONCERNS, other, ELSEWHERE)).seen == Seen(sha256="ab")


@pytest.mark.parametrize("question", [each for each in Question if each is not Question.CONSENT])
def test_only_the_question_that_is_open_is_answered(question: Question) -> None:
    job = a_job(step=Step.CHOOSE, question=Question.CONSENT)
    with pytest.raises(NotAllowed):
        transitions.answered(job, NOW, question, REQUEST, ELSEWHERE)


def test_the_seconds_are_picked_again() -> None:
    job = a_job(step=Step.CHOOSE, question=Question.CONCERNS, request=replace(REQUEST, anyway=True))
    again = after(job, transitions.reopened(job, NOW, ELSEWHERE))
    assert (again.step, again.question, again.origin) == (Step.CHOOSE, Question.SECONDS, ELSEWHERE)
    assert again.request == replace(REQUEST, range=None, anyway=False, typed="0:01–0:03")
    for other in (Question.CONSENT, Question.SAME_AGAIN):
        with pytest.raises(NotAllowed):
            transitions.reopened(replace(job, question=other), NOW, ELSEWHERE)


@pytest.mark.parametrize("step", list(Step))
def test_a_job_is_cancelled_until_its_submission_begins(step: Step) -> None:
    job = a_job(step=step)
    if step in BEFORE_SUBMISSION:
        ended = after(job, transitions.cancelled(job, NOW))
        assert (ended.step, ended.outcome, ended.counted) == (Step.DONE, Outcome.CANCELLED, False)
    else:
        with pytest.raises(NotAllowed):
            transitions.cancelled(job, NOW)
    for begun in ({"submit_started_at": NOW}, {"maybe_charged": True}, {"outcome": Outcome.FAILED}):
        with pytest.raises(NotAllowed):
            transitions.cancelled(replace(job, **begun), NOW)


def test_a_failure_that_cost_nothing_gives_its_place_in_the_day_back() -> None:
    job = a_job(step=Step.SUBMIT)
    assert not after(job, transitions.failed(job, NOW, WHY)).counted
    watched = a_job(step=Step.WATCH, submit_started_at=NOW, task_id="task_1")
    assert after(watched, transitions.failed(watched, NOW, WHY, counted=True)).counted


def test_what_may_have_been_charged_never_fails_as_if_it_had_cost_nothing() -> None:
    sent = a_job(step=Step.SUBMIT, submit_started_at=NOW)
    with pytest.raises(NotAllowed):
        transitions.failed(sent, NOW, WHY)
    ended = after(sent, transitions.given_up(sent, NOW, uncharged=text("free"), maybe_charged=text("maybe")))
    assert (ended.outcome, str(ended.failure), ended.counted) == (Outcome.UNKNOWN, "maybe", True)
    resent = a_job(step=Step.SUBMIT, maybe_charged=True)
    ended = after(resent, transitions.failed(resent, NOW, WHY))
    assert ended.outcome is Outcome.UNKNOWN
    assert "An earlier one may have been charged" in str(ended.failure)


def test_what_no_model_makes_is_collected_without_a_submission() -> None:
    job = a_job(step=Step.SUBMIT)
    made = after(job, transitions.not_needed(job, NOW))
    assert (made.step, made.submit_started_at, made.task_id) == (Step.COLLECT, None, None)
    assert (made.character.model, made.character.price) == (None, None)
    assert made.result == CharacterResult(characters=())
    ended = after(made, transitions.failed(made, NOW, WHY))
    assert (ended.outcome, ended.counted) == (Outcome.FAILED, False)
    with pytest.raises(NotAllowed):
        transitions.unclear(made, NOW, WHY)
    sent = a_job(step=Step.SUBMIT, submit_started_at=NOW)
    with pytest.raises(NotAllowed):
        transitions.not_needed(sent, NOW)
    paid = a_job(step=Step.COLLECT, submit_started_at=NOW, task_id="task_1", result=RESULT)
    with pytest.raises(NotAllowed):
        transitions.failed(paid, NOW, WHY)


def test_an_unclear_job_goes_on_where_its_owner_says() -> None:
    unclear = a_job(step=Step.DONE, outcome=Outcome.UNKNOWN, submit_started_at=NOW, failure=WHY, finished_at=NOW)
    sent = after(unclear, transitions.resent(unclear, NOW, ELSEWHERE))
    assert (sent.step, sent.outcome, sent.submit_started_at, sent.maybe_charged) == (Step.SUBMIT, None, None, True)
    for known in (replace(unclear, task_id="task_1"), replace(unclear, task_id="task_1", result=RESULT)):
        with pytest.raises(NotAllowed):
            transitions.resent(known, NOW, ELSEWHERE)
        looked = after(known, transitions.rechecked(known, NOW, ELSEWHERE))
        assert looked.step is (Step.WATCH if known.result is None else Step.COLLECT)
        assert (looked.outcome, looked.failure, looked.finished_at, looked.origin) == (None, None, None, ELSEWHERE)
    with pytest.raises(NotAllowed):
        transitions.rechecked(unclear, NOW, ELSEWHERE)


def test_an_end_that_did_not_arrive_is_shown_again_and_stays_the_end() -> None:
    job = a_job(step=Step.DONE, outcome=Outcome.SUCCEEDED, result=RESULT, finished_at=NOW)
    shown = after(job, transitions.shown_again(job, NOW, ELSEWHERE))
    assert (shown.step, shown.outcome, shown.finished_at) == (Step.DELIVER, Outcome.SUCCEEDED, NOW)
    with pytest.raises(NotAllowed):
        transitions.shown_again(replace(job, delivered_at=NOW), NOW, ELSEWHERE)


def test_a_no_takes_back_a_video_that_is_being_delivered_and_nothing_else() -> None:
    video = VideoRequest(prompt="@Ann waves", cast=(), model="wan2.6")
    tried = DeliveryAttempt(path=DeliveryRoute.FOLLOW_UP, channel_id=2, nonce="n", at=NOW)
    made = VideoResult(url="https://files.example/v.mp4", video_id=5)
    job = a_job(step=Step.DELIVER, outcome=Outcome.SUCCEEDED, request=video, result=made, deliveries=(tried,))
    job = replace(job, submit_started_at=NOW)
    taken_back = after(job, transitions.withdrawn(job, NOW, uncharged=text("Free."), maybe_charged=WHY))
    assert (taken_back.step, taken_back.outcome, taken_back.failure) == (Step.DELIVER, Outcome.FAILED, WHY)
    assert (taken_back.result, taken_back.deliveries, taken_back.counted) == (None, (), True)
    others = (taken_back, replace(job, step=Step.DONE), replace(job, request=REQUEST, result=RESULT))
    for other in others:
        with pytest.raises(NotAllowed):
            transitions.withdrawn(other, NOW, uncharged=WHY, maybe_charged=WHY)


def test_attempts_count_unless_the_job_is_not_to_blame() -> None:
    job = a_job(step=Step.WATCH, attempts=3)
    retried = after(job, transitions.retried(job, NOW, SECOND))
    assert (retried.attempts, retried.next_attempt_at) == (3, NOW + SECOND)
    assert after(job, transitions.waited(job, NOW, SECOND)).attempts == 2
    assert after(job, transitions.retried(job, NOW, SECOND, attempts=0)).attempts == 0


def test_a_preview_is_shown_and_makes_nothing() -> None:
    preview = a_job(request=PreviewRequest(source=Link(url="https://example.org/clip.mp4")), counted=False)
    with pytest.raises(NotAllowed):
        transitions.prepared(preview, NOW)
    asked = after(preview, transitions.asked(preview, NOW, Question.SECONDS))
    ended = after(asked, transitions.previewed(asked, NOW))
    assert (ended.step, ended.outcome, ended.delivered_at) == (Step.DONE, Outcome.SUCCEEDED, NOW)
    with pytest.raises(NotAllowed):
        transitions.previewed(a_job(step=Step.CHOOSE, question=Question.SECONDS), NOW)


def test_only_this_module_says_how_a_job_changes() -> None:
    """Nobody else makes a transition, or writes the columns of its step and outcome."""
    for path in Path("bot").rglob("*.py"):
        if path in (Path("bot/jobs/transitions.py"), Path("bot/values/job.py")) or "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                assert name not in {"Transition", "JobChanges"}, f"{path}:{node.lineno}"
                written = {keyword.arg for keyword in node.keywords} if name == "values" else set()
                assert not written & {"step", "outcome"}, f"{path}:{node.lineno}"
            if isinstance(node, ast.Dict):
                keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
                assert not keys & {"step", "outcome"}, f"{path}:{node.lineno}"


# -- every order of events ------------------------------------------------------------------------------------------


class Life(RuleBasedStateMachine):
    """One job under everything that can happen to it: steps, its owner, crashes, repetitions, a provider that forgets.

    ``sent`` and ``tasks`` are what really happened at the provider, which the row may never hear of.
    """

    def __init__(self) -> None:
        super().__init__()
        self.job = a_job(attempts=0)
        self.now = NOW
        self.sent = 0  # requests that may have cost something
        self.owners_decisions = 0  # to send it again
        self.refunded = False  # the provider said itself that nothing came of it
        self.stale: list[Job] = []  # rows as a process that has died saw them

    def write(self, transition: Transition) -> None:
        self.stale = [*self.stale[-3:], self.job]
        self.job = after(self.job, transition)

    def at(self, *steps: Step) -> bool:
        return self.job.step in steps

    @initialize(start=st.sampled_from(["fresh", "sent", "unclear", "watched"]))
    def begin(self, start: str) -> None:
        """Most of a life is behind a submission: begin there more often than chance would get there."""
        if start == "fresh":
            return
        self.write(transitions.prepared(self.job, self.now))
        self.write(transitions.submitting(self.job, self.now))
        self.sent = 1
        if start == "unclear":
            self.write(transitions.unclear(self.job, self.now, WHY))
            self.write(transitions.delivered(self.job, self.now))
        elif start == "watched":
            self.write(transitions.accepted(self.job, self.now, "task_1", 0, SECOND))

    @rule(seconds=st.integers(0, 100_000))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @precondition(lambda self: self.at(Step.PREPARE))
    @rule(question=st.none() | st.sampled_from(Question))
    def prepare(self, question: Question | None) -> None:
        if question is None:
            self.write(transitions.prepared(self.job, self.now))
        else:
            self.write(transitions.asked(self.job, self.now, question))

    @precondition(lambda self: self.at(Step.CHOOSE))
    @rule(yes=st.booleans(), question=st.sampled_from(Question))
    def owner_answers(self, yes: bool, question: Question) -> None:
        """Perhaps a question that is no longer open."""
        if not yes and possible(Event.REOPENED, self.job):
            self.write(transitions.reopened(self.job, self.now, ELSEWHERE))
        elif question is self.job.question:
            self.write(transitions.answered(self.job, self.now, question, self.job.request, ELSEWHERE))
        else:
            with pytest.raises(NotAllowed):
                transitions.answered(self.job, self.now, question, self.job.request, ELSEWHERE)

    @precondition(lambda self: self.at(Step.CHOOSE))
    @rule()
    def nobody_answers(self) -> None:
        """Perhaps because it never reached anybody."""
        if self.job.delivered_at is None:
            self.write(transitions.unreached(self.job, self.now, WHY))
        else:
            self.write(transitions.expired(self.job, self.now))

    @precondition(lambda self: self.at(Step.CHOOSE))
    @rule(reached=st.booleans())
    def the_question_is_shown(self, reached: bool) -> None:
        self.write(transitions.shown(self.job, self.now, self.now + 100 * SECOND, reached=reached))

    @rule()
    def owner_cancels(self) -> None:
        if possible(Event.CANCELLED, self.job):
            assert not self.sent, "what was sent cannot be cancelled"
            self.write(transitions.cancelled(self.job, self.now))

    @precondition(lambda self: self.at(Step.SUBMIT) and self.job.submit_started_at is None)
    @rule(
        answer=st.sampled_from(["task", "refused", "lost", "crash before", "crash after"]),
    )
    def submit(self, answer: str) -> None:
        """Committed first; then sent, unless the process dies in between; then whatever comes of it."""
        self.write(transitions.submitting(self.job, self.now))
        if answer == "crash before":
            return
        if answer == "refused":
            self.write(transitions.not_accepted(self.job, self.now))
            return
        self.sent += 1
        if answer == "task":
            self.write(transitions.accepted(self.job, self.now, "task_1", 0, SECOND))
        elif answer == "lost":
            self.write(transitions.looked_up(self.job, self.now, SECOND, 0))

    @precondition(lambda self: self.at(Step.SUBMIT) and self.job.submit_started_at is None)
    @rule()
    def no_model_makes_it(self) -> None:
        """Perhaps because the provider has refused the model that was asked for."""
        self.write(transitions.not_needed(self.job, self.now))

    @precondition(lambda self: self.at(Step.SUBMIT) and self.job.submit_started_at is not None)
    @rule(found=st.booleans(), patience=st.booleans())
    def look_for_it(self, found: bool, patience: bool) -> None:
        with pytest.raises(NotAllowed):
            transitions.submitting(self.job, self.now)  # it is never sent twice by itself
        if found and self.sent:
            self.write(transitions.accepted(self.job, self.now, "task_1", 0, SECOND))
        elif patience:
            self.write(transitions.looked_up(self.job, self.now, SECOND, self.job.lookups + 1))
        else:
            self.write(transitions.unclear(self.job, self.now, WHY))

    @precondition(lambda self: self.at(Step.WATCH))
    @rule(answer=st.sampled_from(["running", "completed", "failed", "gone"]))
    def watch(self, answer: str) -> None:
        if answer == "running":
            self.write(transitions.retried(self.job, self.now, SECOND).noting({"progress": 50}))
        elif answer == "completed":
            self.write(transitions.completed(self.job, self.now, RESULT))
        elif answer == "failed":
            self.refunded = True
            self.write(transitions.failed(self.job, self.now, WHY))
        else:
            self.write(transitions.unclear(self.job, self.now, WHY))

    @precondition(lambda self: self.at(Step.COLLECT))
    @rule()
    def collect(self) -> None:
        self.write(transitions.collected(self.job, self.now, replace(RESULT, character_id=4)))

    @precondition(lambda self: self.at(Step.DELIVER))
    @rule(reached=st.booleans())
    def deliver(self, reached: bool) -> None:
        self.write((transitions.delivered if reached else transitions.kept)(self.job, self.now))

    @precondition(lambda self: not self.at(Step.DONE))
    @rule()
    def a_defect(self) -> None:
        if self.at(Step.DELIVER):
            self.write(transitions.kept(self.job, self.now))
        else:
            self.write(transitions.given_up(self.job, self.now, uncharged=WHY, maybe_charged=WHY))

    @precondition(lambda self: not self.at(Step.WATCH))
    @rule()
    def a_step_refuses(self) -> None:
        """With a sentence that says that nothing was charged: possible only where that is certain."""
        if possible(Event.FAILED, self.job) or (self.job.maybe_charged and possible(Event.UNCLEAR, self.job)):
            self.write(transitions.failed(self.job, self.now, WHY))
        else:
            with pytest.raises(NotAllowed):
                transitions.failed(self.job, self.now, WHY)

    @precondition(lambda self: self.at(Step.COLLECT))
    @rule()
    def somebody_in_it_says_no(self) -> None:
        self.write(transitions.withdrawn(self.job, self.now, uncharged=WHY, maybe_charged=WHY))
        assert self.job.counted == (self.job.submit_started_at is not None or self.job.maybe_charged)

    @precondition(lambda self: not self.at(Step.DONE))
    @rule(blame=st.booleans())
    def trouble(self, blame: bool) -> None:
        again = transitions.retried if blame else transitions.waited
        self.write(again(self.job, self.now, SECOND))

    @precondition(lambda self: self.at(Step.DONE))
    @rule()
    def owner_resumes(self) -> None:
        if possible(Event.RESENT, self.job):
            self.owners_decisions += 1
            self.write(transitions.resent(self.job, self.now, ELSEWHERE))
        elif possible(Event.RECHECKED, self.job) or possible(Event.RECOLLECTED, self.job):
            self.write(transitions.rechecked(self.job, self.now, ELSEWHERE))
        elif possible(Event.SHOWN_AGAIN, self.job):
            self.write(transitions.shown_again(self.job, self.now, ELSEWHERE))

    @precondition(lambda self: bool(self.stale))
    @rule(data=st.data())
    def the_process_dies_before_its_write(self, data: st.DataObject) -> None:
        """What was not committed is lost: a row that was not yet sent may be worked on from an earlier moment."""
        earlier = data.draw(st.sampled_from(self.stale))
        if not self.sent and earlier.submit_started_at is None and self.job.submit_started_at is None:
            self.job = earlier

    @invariant()
    def there_is_a_way_out(self) -> None:
        if not self.at(Step.DONE):
            ways = [event for event in Event if possible(event, self.job) and TABLE[event].after is not None]
            assert ways, f"nothing leads out of {self.job.step}"

    @invariant()
    def an_outcome_and_its_instant_come_together(self) -> None:
        assert (self.job.outcome is None) == (self.job.finished_at is None)
        assert (self.job.outcome is not None) == (self.job.step in {Step.DELIVER, Step.DONE})

    @invariant()
    def nothing_is_due_once_it_is_done(self) -> None:
        if self.at(Step.DONE):
            assert self.job.next_attempt_at is None
        elif self.at(Step.CHOOSE):
            assert self.job.question is not None

    @invariant()
    def nothing_is_sent_twice_by_itself(self) -> None:
        assert self.sent <= 1 + self.owners_decisions

    @invariant()
    def what_was_sent_is_never_forgotten(self) -> None:
        if not self.sent:
            return
        assert self.job.outcome is not Outcome.CANCELLED
        assert self.job.outcome is not Outcome.FAILED or self.refunded or self.job.counted
        assert self.job.submit_started_at is not None or self.job.maybe_charged
        if self.job.outcome is None:
            assert self.job.lane is Lane.SUBMITTED or self.job.maybe_charged

    @invariant()
    def what_may_have_cost_something_counts(self) -> None:
        """Only an end that is known to have cost nothing gives the place in the day back."""
        if not self.job.counted:
            assert self.job.outcome in {Outcome.CANCELLED, Outcome.FAILED}


Life.TestCase.settings = settings(max_examples=300, stateful_step_count=40)
test_no_order_of_events_leads_astray = Life.TestCase
