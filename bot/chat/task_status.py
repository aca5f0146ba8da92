"""Describes how one job of /tasks stands, in a few words, and what can be done with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TypeAlias

from yarl import URL

from bot import limits, texts
from bot.chat.durable_items import DurableButton
from bot.chat.job_buttons import (
    CancelJob,
    ChangeFailedVideo,
    CheckAgain,
    GiveConsent,
    JobButton,
    MakeAnother,
    MakeLouder,
    MakeVideoAgain,
    PickSeconds,
    RetryJob,
    SendAgain,
    ShowResult,
    TypeJobName,
    UseAnyway,
    UseOfferedName,
)
from bot.chat.markdown import plain, say
from bot.jobs.overview import Overview
from bot.texts import Text, text
from bot.values.job import CharacterRequest, CharacterResult, Job, JobKind, Outcome, Question, Step, VideoRequest
from bot.values.source import Attachment, EarlierTask, Link, StoredVideo
from bot.values.video import Concern

Action: TypeAlias = tuple[type[JobButton], Text]

_STATES = {
    Step.PREPARE: text("Fetching the video"),
    Step.SUBMIT: text("Sending the clip to ToAPIs"),
    Step.COLLECT: text("Saving the result"),
    Step.DELIVER: text("Delivering the result"),
}
_VIDEO_STATES = {
    Step.PREPARE: text("Looking through your cast"),
    Step.SUBMIT: text("Sending your characters to ToAPIs"),
}
_ASKED = {
    Question.SECONDS: text("Which seconds?"),
    Question.CONCERNS: text("These seconds may not work well. Use them anyway?"),
    Question.SAME_AGAIN: text("You asked for the same seconds a moment ago. Make another?"),
    Question.NAME: text("You already have a character of that name. What should I call this one?"),
    Question.CONSENT: text("Do you have permission to use the person in the clip?"),
}


def waits_for_owner(job: Job) -> bool:
    """Whether it needs an answer from its owner."""
    return job.step is Step.CHOOSE and job.kind is not JobKind.PREVIEW


def subject_of(job: Job, locale: str) -> str:
    """What identifies a job to people: a name, or where its video comes from. It comes from outside."""
    if isinstance(job.request, CharacterRequest) and job.request.name:
        return job.request.name
    if isinstance(job.request, VideoRequest):
        return plain(job.request.prompt, limits.OPTION_LABEL)
    if isinstance(job.result, CharacterResult) and job.result.characters:
        return job.result.characters[0].display_name
    source = job.request.source
    if isinstance(source, Attachment):
        return source.filename
    # Unchanged: letters that only look like those of another host are not converted.
    if isinstance(source, Link):
        return URL(source.url).raw_host or ""
    if isinstance(source, StoredVideo):
        return texts.render(text("A character from your video"), locale)
    return source.task_id if isinstance(source, EarlierTask) else ""  # a character of the cast has a name


def status_of(job: Job, overview: Overview) -> Text:
    """The status of the job in a few words; if it failed, the reason."""
    if job.outcome is Outcome.UNKNOWN:
        return job.failure or text("I don't know how this ended. It may have been charged.")
    if job.outcome is Outcome.FAILED:
        return job.failure or text("I couldn't make it.")
    if job.outcome is Outcome.CANCELLED:
        return job.failure or text("Cancelled")
    if job.step is Step.DONE:
        return text("Made, but I couldn't show you the result") if job.undelivered else text("Made")
    if job.is_queued:
        return overview.queued.get(job.id) or text("Waiting for a free place")
    if job.step is Step.WATCH:
        if job.kind is JobKind.VIDEO:
            return text("Making the video: {percent}%", percent=job.progress)
        return text("Making the character: {percent}%", percent=job.progress)
    if job.step is Step.CHOOSE:
        if job.kind is JobKind.PREVIEW:
            return text("Looking for the best seconds")
        return _ASKED[job.question or Question.CONSENT]
    return _VIDEO_STATES.get(job.step, _STATES[job.step]) if job.kind is JobKind.VIDEO else _STATES[job.step]


def buttons_of(job: Job, now: datetime, locale: str) -> tuple[DurableButton, ...]:
    """The buttons for everything that can be done with it, as in /tasks."""
    return tuple(
        action(job.id, job.owner_id, say(label, locale), in_list=True) for action, label in actions_of(job, now)
    )


def actions_of(job: Job, now: datetime) -> Iterator[Action]:
    """Everything that can be done with it, with the label of each button."""
    if waits_for_owner(job):
        yield from _answers(job)
    if job.may_be_cancelled:
        yield CancelJob, text("Cancel")
    if job.outcome is Outcome.UNKNOWN and job.step is Step.DONE:
        if job.task_id is not None:
            yield CheckAgain, text("Check again")
        elif _still_here(job, now):
            yield SendAgain, text("Send again")
    if job.undelivered:
        yield ShowResult, text("Show the result")
    if job.may_be_retried(now):
        yield RetryJob, text("Try again")
    if isinstance(job.request, VideoRequest) and job.outcome is Outcome.FAILED:
        if job.request.refused is None:
            yield MakeVideoAgain, text("Try again")
        yield ChangeFailedVideo, text("Change it…")


def _answers(job: Job) -> Iterator[Action]:
    question = job.question
    if question is Question.CONSENT:
        yield GiveConsent, text("Yes, I have permission")
    if question is Question.NAME:
        yield UseOfferedName, text("Use “{name}”", name=job.character.offered)
        yield TypeJobName, text("Another name…")
    if question in {Question.SECONDS, Question.CONCERNS}:
        yield PickSeconds, text("Pick seconds")
    if question is Question.CONCERNS:
        yield UseAnyway, text("Use anyway")
        if job.seen.findings is not None and Concern.QUIET in job.character.concerns(job.seen.findings):
            yield MakeLouder, text("Make it louder")
    if question is Question.SAME_AGAIN:
        yield MakeAnother, text("Make another")


def _still_here(job: Job, now: datetime) -> bool:
    """The clip of an unclear submission is kept for a limited time."""
    return job.finished_at is None or now - job.finished_at < limits.VIDEO_KEPT
