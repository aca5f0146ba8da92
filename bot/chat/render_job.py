"""What people see: a character, the progress of a job, how it ended, and what it asks. Pure rendering."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import discord

from bot import limits
from bot.chat.buttons import (
    CancelJob,
    CheckAgain,
    DeleteCharacter,
    GiveConsent,
    JobButton,
    MakeAnother,
    MakeSilentVideo,
    MakeVideoAgain,
    MakeVideoByOtherModel,
    MakeVideoOfNobodyReal,
    MakeWithModel,
    RenameCharacter,
    SendAgain,
    TypeJobName,
    UseCharacter,
    UseOfferedName,
)
from bot.chat.durable_items import DurableButton
from bot.chat.markdown import PLAIN, Commands, code_block, escape, plain, say
from bot.chat.message import AMBER, BLUE, GREEN, RED, MessageContent, PictureFile, picture_file
from bot.chat.render_doubts import render_doubts
from bot.chat.render_findings import LOW_RESOLUTION, concerns, used_sound
from bot.chat.render_models import other_model
from bot.chat.render_price import expected_cost, price_of
from bot.chat.render_reference_set import PORTABLE, kept_for_models
from bot.texts import Text, render, text
from bot.values.character import Character, CharacterFile, clean_name, is_numbered
from bot.values.job import Job, JobKind, Outcome, Question, VideoRefusal, VideoRequest
from bot.values.video import Concern

_BAR_CELLS = 16


def render_result(
    job: Job,
    character: Character,
    picture: bytes | None,
    locale: str,
    commands: Commands = PLAIN,
    *,
    reference_set: Sequence[CharacterFile] = (),
) -> MessageContent:
    """The character that ``job`` made, with its owner's buttons. Everybody may see it: the @username is not in it.

    ``reference_set``: of a portable character the card says what of it there is. Where there is no ``picture`` (its
    bytes), the card says so.
    """
    card = _character(character, picture, locale, commands, to_owner=not job.origin.public)
    wanted = clean_name(job.character.name or "") or plain(character.display_name, limits.NAME_LENGTH)
    if is_numbered(character.name, wanted):
        taken = text("“{wanted}” was taken already, so I called this one “{name}”.", wanted=wanted, name=character.name)
        card.embeds[0].description = f"{card.embeds[0].description}\n{say(taken, locale)}"
    if job.character.name is None and character.name == plain(character.display_name, limits.NAME_LENGTH):
        # A pick submits with one press, which asks for no name: so the card leads with it.
        name_it = RenameCharacter(
            character.id, character.owner_id, say(text("Name it…"), locale), discord.ButtonStyle.primary
        )
        rest = [each for each in card.buttons if not isinstance(each, RenameCharacter)]
        card = replace(card, buttons=(name_it, *rest))
    found = job.seen.findings.concerns if job.seen.findings is not None else ()
    # How small the video is was said before it was paid for.
    said_elsewhere = {Concern.LOW_RESOLUTION, *((Concern.SILENT,) if character.portable else ())}
    worth_knowing = [concern for concern in found if concern not in said_elsewhere]
    told = [*concerns(worth_knowing), *filter(None, [used_sound(job.seen.facts)])]
    if told:
        noticed = " ".join(say(each, locale) for each in told)
        card.embeds[0].add_field(name=say(text("Worth knowing"), locale), value=noticed, inline=False)
    if character.portable:
        _add_reference_set(card.embeds[0], character, reference_set, locale)
    if (cost := price_of(job)) is not None:
        name, value = cost
        card.embeds[0].add_field(name=say(name, locale), value=say(value, locale), inline=False)
    card.embeds[0].set_footer(text=job_footer(job, locale))
    return card


def render_character(
    character: Character,
    picture: bytes | None,
    locale: str,
    commands: Commands = PLAIN,
    *,
    owner_sees: bool,
    reference_set: Sequence[CharacterFile] | None = None,
    makeable: bool = False,
) -> MessageContent:
    """One character of a cast. ``owner_sees``: nobody else sees the message, so it may contain the @username.

    ``reference_set``: then the card says what other models could make of it; ``None``: nobody has looked.
    ``makeable``: it is portable, and a model lives that can make it as well.
    """
    card = _character(character, picture, locale, commands, to_owner=owner_sees)
    embed = card.embeds[0]
    if owner_sees and character.username:
        label = say(text("Username (keep it to yourself)"), locale)
        username = "@" + character.username.removeprefix("@")
        embed.add_field(name=label, value=code_block(username), inline=False)
    if reference_set is not None:
        _add_reference_set(embed, character, reference_set, locale)
    embed.set_footer(text=say(text("Made"), locale))  # Discord puts the timestamp behind it
    embed.timestamp = character.created_at
    if not makeable:
        return card
    make = MakeWithModel(character.id, character.owner_id, say(text("Make with Sora"), locale))
    return replace(card, buttons=(make, *card.buttons))


def _add_reference_set(
    embed: discord.Embed, character: Character, reference_set: Sequence[CharacterFile], locale: str
) -> None:
    name = text("For video models") if character.portable else text("For other video models")
    kept = "\n".join(say(each, locale) for each in kept_for_models(reference_set))
    embed.add_field(name=say(name, locale), value=kept, inline=False)


def _character(
    character: Character, picture: bytes | None, locale: str, commands: Commands, *, to_owner: bool
) -> MessageContent:
    about = _about(character, locale, commands, to_owner=to_owner, pictured=picture is not None)
    embed = discord.Embed(title=_title(character), description=about, colour=GREEN)
    task_id = f"{code_block(character.task_id)}\n{say(text('It puts the character into new videos.'), locale)}"
    label = text("Reusable ID") if character.portable else text("Reusable task ID")
    embed.add_field(name=say(label, locale), value=task_id, inline=False)
    if not character.portable:
        embed.add_field(name=say(text("Model"), locale), value=escape(character.model))
    embed.add_field(name=say(text("Seconds used"), locale), value=character.range.people)
    files: tuple[PictureFile, ...] = ()
    if picture is not None:
        files = (picture_file(character, picture),)
        embed.set_image(url=files[0].url)
    return MessageContent(embeds=(embed,), files=files, buttons=_owner_buttons(character, locale))


def _title(character: Character) -> str:
    # an escape at most doubles it, and adds one at its start
    return escape(plain(character.name, limits.EMBED_TITLE // 2 - 1))


def _about(character: Character, locale: str, commands: Commands, *, to_owner: bool, pictured: bool) -> str:
    said = [text("Saved to your cast.") if to_owner else text("Saved to <@{owner}>'s cast.", owner=character.owner_id)]
    theirs = plain(character.display_name, limits.EMBED_TITLE)
    if theirs and theirs != plain(character.name, limits.EMBED_TITLE):
        said.append(text("ToAPIs named this character {name}.", name=theirs))
    lines = [" ".join(say(each, locale) for each in said)]
    if character.portable:
        lines.append(say(PORTABLE, locale))
    if not pictured:
        lines.append(say(_no_picture(character), locale, commands))
    elif character.portable:
        lines.append(say(text("The picture is a still from the clip."), locale))
    elif character.picture_is_still:
        lines.append(say(text("ToAPIs sent no usable picture, so this is a still from the clip."), locale))
    return "\n".join(lines)


def _no_picture(character: Character) -> Text:
    if character.picture is None and character.portable:
        return text("There is no picture, because the clip shows none that can be used. It works without one.")
    if character.picture is None:
        return text("ToAPIs sent no picture. The character works without one.")
    return text("The picture couldn't be shown here. It is in the cast: see /character show.")


def _owner_buttons(character: Character, locale: str) -> tuple[DurableButton, ...]:
    use = UseCharacter(character.id, character.owner_id, say(text("Use in a video"), locale))
    return (
        use,
        RenameCharacter(character.id, character.owner_id, say(text("Rename"), locale)),
        DeleteCharacter(character.id, character.owner_id, say(text("Delete"), locale)),
    )


def render_progress(job: Job, state: Text, percent: int | None, locale: str) -> MessageContent:
    """A running job, to its owner alone: what is happening (``state``), how far it is (0-100, or unknown), since when.

    It can be cancelled until the submission begins. The job's id is not in it: by that the courier recognises the
    messages about a job's end.
    """
    since = text("Started <t:{at}:R>. No need to wait: I'll tell you when it's done.", at=_begun(job))
    lines = [say(state, locale)]
    facts = job.seen.facts
    if job.may_be_cancelled and job.seen.best is None and facts is not None and facts.low_resolution:
        lines.append(say(LOW_RESOLUTION, locale))  # where seconds are picked, the picker says it
    if isinstance(job.request, VideoRequest):
        lines.append(" ".join(say(each, locale) for each in _planned(job, job.request)))
    title = text("Making your video") if job.kind is JobKind.VIDEO else text("Making your character")
    card = _progress(title, lines, percent, since, locale)
    if not job.may_be_cancelled:
        return card
    return replace(card, buttons=(CancelJob(job.id, job.owner_id, say(text("Cancel"), locale)),))


def _planned(job: Job, request: VideoRequest) -> Iterator[Text]:
    """Which model makes a video, and what that is expected to cost, where anybody has said it."""
    if request.model_named:
        yield text("{model} makes it.", model=request.chosen_model)
    else:
        yield text("{model} makes it: the best model for this cast that works now.", model=request.chosen_model)
    if (expected := expected_cost(job)) is not None:
        yield expected


def render_announcement(job: Job, state: Text, percent: int | None, locale: str, footer: str) -> MessageContent:
    """A running job, to everybody. ``footer`` is what the courier finds the message by."""
    since = text("Started <t:{at}:R> by <@{owner}>.", at=_begun(job), owner=job.owner_id)
    title = text("Making a video") if job.kind is JobKind.VIDEO else text("Making a character")
    card = _progress(title, [say(state, locale)], percent, since, locale)
    card.embeds[0].set_footer(text=say(text("Progress {id}", id=footer), locale))
    return card


def _begun(job: Job) -> int:
    return int((job.submit_started_at or job.created_at).timestamp())


def _progress(title: Text, lines: list[str], percent: int | None, since: Text, locale: str) -> MessageContent:
    lines = [*lines, *([] if percent is None else [_bar(percent)]), say(since, locale)]
    return MessageContent(embeds=(discord.Embed(title=say(title, locale), description="\n".join(lines), colour=BLUE),))


def _bar(percent: int) -> str:
    done = max(0, min(100, percent))
    full = done * _BAR_CELLS // 100
    return f"`{'█' * full}{'░' * (_BAR_CELLS - full)}` {done} %"


def render_failure(job: Job, locale: str, commands: Commands = PLAIN) -> MessageContent:
    """How ``job`` ended when it made nothing: what happened, whether it was charged, what to do now.

    Where the end is unknown, its owner may send it again, or have the task checked again.
    """
    unclear = job.outcome is Outcome.UNKNOWN
    title = say(text("This may have been charged") if unclear else text("Nothing was made"), locale)
    reason = say(job.failure or text("I don't know how this ended. See /tasks."), locale, commands)
    embed = discord.Embed(title=title, description=reason, colour=AMBER if unclear else RED)
    embed.set_footer(text=job_footer(job, locale))
    return MessageContent(embeds=(embed,), buttons=_second_tries(job, locale))


def _second_tries(job: Job, locale: str) -> tuple[DurableButton, ...]:
    if job.outcome is Outcome.UNKNOWN:
        if job.task_id is None:
            return (SendAgain(job.id, job.owner_id, say(text("Send again"), locale)),)
        return (CheckAgain(job.id, job.owner_id, say(text("Check again"), locale)),)
    if not isinstance(job.request, VideoRequest):
        return ()
    match job.request.refused:
        case VideoRefusal.REAL_FACE:
            label = render(other_model(job.request.instead, job.request.instead_price), locale)
            other = MakeVideoByOtherModel(job.id, job.owner_id, label)
            if job.request.nobody_real:
                return (other,)
            return (other, MakeVideoOfNobodyReal(job.id, job.owner_id, say(text("Nobody in it is real"), locale)))
        case VideoRefusal.OWN_SOUND:
            return (MakeSilentVideo(job.id, job.owner_id, say(text("Make it without sound"), locale)),)
        case None:
            return (MakeVideoAgain(job.id, job.owner_id, say(text("Try again"), locale)),)


def render_gone(job: Job, locale: str, commands: Commands = PLAIN) -> MessageContent:
    """``job`` succeeded, but its owner has deleted the character since."""
    gone = text(
        "The character was made, but <@{owner}> has deleted it since. To make another one, use /character create.",
        owner=job.owner_id,
    )
    card = render_last_word(gone, locale, commands)
    card.embeds[0].set_footer(text=job_footer(job, locale))
    return card


def render_emptied(locale: str) -> MessageContent:
    """In the place of a card whose character its owner has deleted: nothing of it, nor of them."""
    return render_last_word(text("This character was deleted by its owner."), locale)


def render_pointer(character: Character, locale: str, commands: Commands = PLAIN) -> MessageContent:
    """In the private box, until it goes: where to find the result, of which nobody may know whether it arrived."""
    ready = text("“{name}” is ready. If you don't see it below, use /character show or /tasks.", name=character.name)
    embed = discord.Embed(description=say(ready, locale, commands), colour=GREEN)
    return MessageContent(embeds=(embed,))


def render_last_word(message: Text, locale: str, commands: Commands = PLAIN) -> MessageContent:
    """One sentence in the place of a job that ended, or that goes on elsewhere."""
    return MessageContent(embeds=(discord.Embed(description=say(message, locale, commands), colour=AMBER),))


def render_question(
    job: Job, question: Question, locale: str, commands: Commands = PLAIN, picture: bytes | None = None
) -> MessageContent:
    """What ``job`` asks its owner, with the answers as buttons. Nothing was submitted before that.

    ``picture`` (WebP) shows the seconds that are doubted.
    """
    if question is Question.NAME:
        return _name_taken(job, locale)
    if question is Question.CONCERNS:
        return render_doubts(job, picture, locale, commands)
    asks = _QUESTIONS[question]
    if question is Question.CONSENT and job.character.of_others:
        asks = _CONSENT_FOR_ANOTHERS
    if question is Question.SAME_AGAIN and job.character.model is None:
        asks = _SAME_AGAIN_FREE
    lines = [say(asks.question, locale, commands)]
    if (expected := expected_cost(job)) is not None:
        lines.append(say(expected, locale))
    buttons = [asks.button(job.id, job.owner_id, say(asks.yes, locale), discord.ButtonStyle.success)]
    buttons.append(CancelJob(job.id, job.owner_id, say(text("Cancel"), locale)))
    embed = discord.Embed(title=say(asks.title, locale), description="\n".join(lines), colour=AMBER)
    return MessageContent(embeds=(embed,), buttons=tuple(buttons))


def _name_taken(job: Job, locale: str) -> MessageContent:
    use = say(text("Use “{name}”", name=job.character.offered), locale)
    buttons = (
        UseOfferedName(job.id, job.owner_id, use, discord.ButtonStyle.success),
        TypeJobName(job.id, job.owner_id, say(text("Another name…"), locale)),
        CancelJob(job.id, job.owner_id, say(text("Cancel"), locale)),
    )
    return render_name_taken(job.character.name or "", buttons, locale)


def render_name_taken(name: str, buttons: tuple[DurableButton, ...], locale: str) -> MessageContent:
    """Asks what a character is to be called, because another one of its owner's has the ``name``."""
    asks = text("You already have a character called “{name}”. What should I call this one?", name=name)
    embed = discord.Embed(title=say(text("That name is taken"), locale), description=say(asks, locale), colour=AMBER)
    return MessageContent(embeds=(embed,), buttons=buttons)


@dataclass(frozen=True, slots=True)
class _Asks:
    title: Text
    question: Text
    yes: Text
    button: type[JobButton]


_QUESTIONS = {
    Question.CONSENT: _Asks(
        text("Before your first character"),
        text(
            "A character can be put into any video. Continue only if the person in this clip is you, somebody who gave "
            "you permission, or nobody real. I'll ask you this only once. Nothing has been charged yet."
        ),
        text("Yes, I have permission"),
        GiveConsent,
    ),
    Question.SAME_AGAIN: _Asks(
        text("Make this one again?"),
        text(
            "You asked for the same seconds of this clip a few minutes ago: see /tasks. Making another character is "
            "charged again. Nothing has been charged for it yet."
        ),
        text("Make another"),
        MakeAnother,
    ),
}


_SAME_AGAIN_FREE = _Asks(
    text("Make this one again?"),
    text("You asked for the same seconds of this clip a few minutes ago: see /tasks."),
    text("Make another"),
    MakeAnother,
)

_CONSENT_FOR_ANOTHERS = _Asks(
    text("Somebody else posted this video"),
    text(
        "A character can be put into any video. Continue only if the person in this clip gave you permission, or is "
        "nobody real. I ask this for every video that somebody else posted. Nothing has been charged yet."
    ),
    text("Yes, I have permission"),
    GiveConsent,
)


def job_footer(job: Job, locale: str) -> str:
    """The line with the job's id: people quote it, and the courier finds its own messages by it."""
    return say(text("Job {id}", id=job.id), locale)
