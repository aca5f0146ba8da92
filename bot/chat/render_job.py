"""Renders a running job, and the end of one that made nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bot.chat.card import AMBER, BLUE, RED, Card
from bot.chat.durable_items import DurableButton
from bot.chat.job_buttons import (
    CancelJob,
    ChangeFailedVideo,
    CheckAgain,
    MakeSilentVideo,
    MakeVideoAgain,
    MakeVideoByOtherModel,
    MakeVideoOfNobodyReal,
    SendAgain,
)
from bot.chat.markdown import PLAIN, Commands, paragraph, say
from bot.chat.message import MessageContent
from bot.chat.render_findings import LOW_RESOLUTION
from bot.chat.render_models import other_model
from bot.chat.render_price import expected_cost
from bot.texts import Text, render, text
from bot.values.character import clean_name
from bot.values.job import CharacterRequest, Job, JobKind, Outcome, VideoRejection, VideoRequest

_BAR_CELLS = 16


def render_progress(job: Job, state: Text, percent: int | None, locale: str) -> MessageContent:
    """A running job, for its owner only: what is happening (``state``), how far it is (0-100, or unknown), since when.

    It can be cancelled until the submission begins. The job's id is not in it, because by that the courier recognises
    messages about a job's end.
    """
    since = text("Started <t:{at}:R>. No need to wait: I'll tell you when it's done.", at=_begun(job))
    if job.submit_started_at is None:
        since = text("You asked for this <t:{at}:R>. No need to wait: I'll tell you when it's done.", at=_begun(job))
    lines = [say(state, locale)]
    if job.may_be_cancelled and _small_and_not_said(job):
        lines.append(say(LOW_RESOLUTION, locale))
    if isinstance(job.request, VideoRequest):
        lines.append(paragraph(_planned(job, job.request), locale))
    elif job.may_be_cancelled and (expected := expected_cost(job)) is not None:
        lines.append(say(expected, locale))
    title = text("Making your character")
    if job.kind is JobKind.VIDEO:
        title = text("Making your video")
    elif name := _name(job):
        title = text("Making your character “{name}”", name=name)
    card = _progress(title, lines, percent, since, locale)
    if not job.may_be_cancelled:
        return card
    return replace(card, buttons=(CancelJob(job.id, job.owner_id, say(text("Cancel"), locale)),))


def _name(job: Job) -> str:
    """The name of a new character, if its owner has chosen one."""
    return clean_name(job.request.name or "") if isinstance(job.request, CharacterRequest) else ""


def _small_and_not_said(job: Job) -> bool:
    """Whether nothing else has said, or will ask, that the video is small: the picker and the concerns do."""
    seen = job.seen
    if seen.best is not None or seen.facts is None or seen.findings is None or not seen.facts.low_resolution:
        return False
    return isinstance(job.request, CharacterRequest) and not job.request.concerns(seen.findings)


def _planned(job: Job, request: VideoRequest) -> Iterator[Text]:
    """Which model makes a video, and its expected price, if known."""
    if request.model_named:
        yield text("Using {model}.", model=request.chosen_model)
    else:
        yield text("Using {model}, the best model for this cast that works right now.", model=request.chosen_model)
    if (expected := expected_cost(job)) is not None:
        yield expected


def render_announcement(job: Job, state: Text, percent: int | None, locale: str, footer: str) -> MessageContent:
    """A running job, for everybody. The courier finds the message by its ``footer``."""
    since = text("Started <t:{at}:R> by <@{owner}>.", at=_begun(job), owner=job.owner_id)
    title = text("Making a character")
    if job.kind is JobKind.VIDEO:
        title = text("Making a video")
    elif name := _name(job):
        title = text("Making the character “{name}”", name=name)
    card = _progress(title, [say(state, locale)], percent, since, locale)
    return card.with_footer(say(text("Progress {id}", id=footer), locale))


def _begun(job: Job) -> int:
    return int((job.submit_started_at or job.created_at).timestamp())


def _progress(title: Text, lines: list[str], percent: int | None, since: Text, locale: str) -> MessageContent:
    lines = [*lines, *([] if percent is None else [_bar(percent, locale)]), say(since, locale)]
    return MessageContent(card=Card(colour=BLUE, title=say(title, locale), description="\n".join(lines)))


def _bar(percent: int, locale: str) -> str:
    done = max(0, min(100, percent))
    full = done * _BAR_CELLS // 100
    return f"`{'█' * full}{'░' * (_BAR_CELLS - full)}` {say(text('{percent}%', percent=done), locale)}"


def render_failure(job: Job, locale: str, commands: Commands = PLAIN) -> MessageContent:
    """The end of a ``job`` that made nothing: what happened, whether it was charged, what to do now.

    If the end is unknown, its owner may send it again, or have the task checked again.
    """
    unclear = job.outcome is Outcome.UNKNOWN
    title = say(text("This may have been charged") if unclear else text("Nothing was made"), locale)
    reason = say(job.failure or text("I don't know how this ended. See /tasks."), locale, commands)
    if _no_model_for_real_faces(job):
        none = text("No other model that could show this cast works right now.")
        reason = f"{reason}\n{say(none, locale)}"
    colour = AMBER if unclear else RED
    card = Card(colour=colour, title=title, description=reason, footer=job_footer(job, locale))
    return MessageContent(card=card, buttons=_second_tries(job, locale))


def _no_model_for_real_faces(job: Job) -> bool:
    request = job.request
    refused = isinstance(request, VideoRequest) and request.refused is VideoRejection.REAL_FACE
    return refused and job.outcome is Outcome.FAILED and job.video.instead is None


def _second_tries(job: Job, locale: str) -> tuple[DurableButton, ...]:
    if job.outcome is Outcome.UNKNOWN:
        if job.task_id is None:
            return (SendAgain(job.id, job.owner_id, say(text("Send again"), locale)),)
        return (CheckAgain(job.id, job.owner_id, say(text("Check again"), locale)),)
    if not isinstance(job.request, VideoRequest):
        return ()
    change = ChangeFailedVideo(job.id, job.owner_id, say(text("Change it…"), locale))
    match job.request.refused:
        case VideoRejection.REAL_FACE:
            return (*_in_spite_of_a_face(job, job.request, locale), change)
        case VideoRejection.OWN_SOUND:
            return MakeSilentVideo(job.id, job.owner_id, say(text("Make it without sound"), locale)), change
        case None:
            return MakeVideoAgain(job.id, job.owner_id, say(text("Try again"), locale)), change


def _in_spite_of_a_face(job: Job, request: VideoRequest, locale: str) -> Iterator[DurableButton]:
    if request.instead is not None:
        label = render(other_model(request.instead, request.instead_price), locale)
        yield MakeVideoByOtherModel(job.id, job.owner_id, label)
    if request.made_up_helps:
        yield MakeVideoOfNobodyReal(job.id, job.owner_id, say(text("They're all made up"), locale))


def render_gone(job: Job, locale: str, commands: Commands = PLAIN) -> MessageContent:
    """``job`` succeeded, but its owner has deleted the character since."""
    gone = text(
        "The character was made, but <@{owner}> has deleted it since. To make another one, use /character create.",
        owner=job.owner_id,
    )
    return render_last_word(gone, locale, commands).with_footer(job_footer(job, locale))


def render_last_word(message: Text, locale: str, commands: Commands = PLAIN) -> MessageContent:
    """One sentence that replaces a job that ended, or that continues elsewhere."""
    return MessageContent(card=Card(colour=AMBER, description=say(message, locale, commands)))


def why_hidden(job: Job) -> Text | None:
    """Why only its owner sees the result, unless they asked for that."""
    if job.origin.private or not job.origin.hidden_by_server:
        return None
    return text("Only you can see this, because this server doesn't let apps from outside post for everyone.")


def job_footer(job: Job, locale: str) -> str:
    """The line with the job's id: people quote it, and the courier finds its own messages by it."""
    return say(text("Job {id}", id=job.id), locale)
