"""What people see: a character, the progress of a job, how it ended, and what it asks. Pure rendering."""

from __future__ import annotations

from dataclasses import dataclass

import discord

from bot import limits
from bot.chat.buttons import DurableButton, button
from bot.chat.card import Card, PictureFile, picture_file
from bot.chat.wording import code_block, escape, plain, say
from bot.texts import Text, text
from bot.values.character import Character
from bot.values.job import Job, Outcome, Question

__all__ = [
    "Card",
    "PictureFile",
    "character_card",
    "failure_card",
    "gone_card",
    "picture_file",
    "progress_card",
    "question_card",
    "result_card",
    "say",
]

_GREEN = discord.Colour(0x2E8B57)
_BLUE = discord.Colour(0x3B6EA5)
_AMBER = discord.Colour(0xC98A1B)
_RED = discord.Colour(0xB5443A)
_BAR_CELLS = 16


def result_card(job: Job, character: Character, picture: bytes | None, locale: str) -> Card:
    """The character that ``job`` made, for everybody to see (no @username), with its owner's buttons.

    Without ``picture`` (its bytes) the card says so.
    """
    card = _character(character, picture, locale)
    card.embeds[0].set_footer(text=job_footer(job, locale))
    return card


def character_card(character: Character, picture: bytes | None, locale: str, *, owner_sees: bool) -> Card:
    """One member of a cast. ``owner_sees``: nobody else will see the message, so the @username may be in it."""
    card = _character(character, picture, locale)
    embed = card.embeds[0]
    if owner_sees and character.username:
        label = text("Username at the provider (works like a key: keep it to yourself)")
        username = "@" + character.username.removeprefix("@")
        embed.add_field(name=say(label, locale), value=code_block(username), inline=False)
    embed.timestamp = character.created_at
    return card


def _character(character: Character, picture: bytes | None, locale: str) -> Card:
    embed = discord.Embed(
        title=_title(character.display_name) or _title(character.name),
        description=say(text("In your cast as “{name}”.", name=character.name), locale),
        colour=_GREEN,
    )
    embed.add_field(name=say(text("Reusable task ID"), locale), value=code_block(character.task_id), inline=False)
    embed.add_field(name=say(text("Model"), locale), value=escape(character.model))
    embed.add_field(name=say(text("Seconds"), locale), value=character.range.people)
    files: tuple[PictureFile, ...] = ()
    if picture is None:
        embed.description = f"{embed.description}\n{say(_no_picture(character), locale)}"
    else:
        files = (picture_file(character, picture),)
        embed.set_image(url=files[0].url)
    return Card(embeds=(embed,), files=files, buttons=_owner_buttons(character, locale))


def _title(name: str) -> str:
    return escape(plain(name, limits.EMBED_TITLE // 2 - 1))  # an escape at most doubles it, and adds one at its start


def _no_picture(character: Character) -> Text:
    if character.picture is None:
        return text("The provider sent no picture of it; the character works all the same.")
    return text("Its picture could not be shown here. It is kept in your cast: see /character show.")


def _owner_buttons(character: Character, locale: str) -> tuple[DurableButton, ...]:
    argument, owner = str(character.id), character.owner_id
    return (
        button("cast", "rename", argument, owner, say(text("Rename"), locale)),
        button("cast", "delete", argument, owner, say(text("Delete"), locale), discord.ButtonStyle.danger),
    )


def progress_card(job: Job, state: Text, percent: int | None, locale: str) -> Card:
    """A running job: what is happening (``state``), how far it is (0-100, or not known), since when.

    It does not carry the job's id: by that the courier knows the messages that say how a job ended.
    """
    lines = [say(state, locale)]
    if percent is not None:
        lines.append(_bar(percent))
    lines.append(f"{say(text('Started'), locale)} <t:{int(job.created_at.timestamp())}:R>")
    title = say(text("Making your character"), locale)
    return Card(embeds=(discord.Embed(title=title, description="\n".join(lines), colour=_BLUE),))


def _bar(percent: int) -> str:
    done = max(0, min(100, percent))
    full = done * _BAR_CELLS // 100
    return f"`{'█' * full}{'░' * (_BAR_CELLS - full)}` {done} %"


def failure_card(job: Job, locale: str) -> Card:
    """How ``job`` ended when it made nothing: what happened, what it cost, what to do now.

    Where that is not known, its owner decides: submit once more, or look at the task once more.
    """
    unclear = job.outcome is Outcome.UNKNOWN
    title = text("This may have been charged") if unclear else text("Nothing was made")
    reason = job.failure or text("It is not known how this ended. See /tasks.")
    embed = discord.Embed(title=say(title, locale), description=say(reason, locale), colour=_AMBER if unclear else _RED)
    embed.set_footer(text=job_footer(job, locale))
    return Card(embeds=(embed,), buttons=(_second_try(job, locale),) if unclear else ())


def _second_try(job: Job, locale: str) -> DurableButton:
    if job.task_id is None:
        return button("job", "resend", job.id, job.owner_id, say(text("Send again"), locale))
    return button("job", "recheck", job.id, job.owner_id, say(text("Check again"), locale))


def gone_card(job: Job, locale: str) -> Card:
    """``job`` succeeded, but its character is no longer there: its owner has deleted it since."""
    gone = text("Your character was made, and you have deleted it since. Another one: /character create.")
    embed = discord.Embed(description=say(gone, locale), colour=_AMBER)
    embed.set_footer(text=job_footer(job, locale))
    return Card(embeds=(embed,))


def last_word_card(message: Text, locale: str) -> Card:
    """One sentence, where a job was that goes no further."""
    return Card(embeds=(discord.Embed(description=say(message, locale), colour=_AMBER),))


def question_card(job: Job, question: Question, locale: str) -> Card:
    """What ``job`` wants to know from its owner, with the answers as buttons. Nothing was sent until then."""
    asks = _QUESTIONS[question]
    embed = discord.Embed(title=say(asks.title, locale), description=say(asks.question, locale), colour=_AMBER)
    yes = button("job", asks.action, job.id, job.owner_id, say(asks.yes, locale), discord.ButtonStyle.success)
    no = button("job", "cancel", job.id, job.owner_id, say(text("Cancel"), locale))
    return Card(embeds=(embed,), buttons=(yes, no))


@dataclass(frozen=True, slots=True)
class _Asks:
    title: Text
    question: Text
    yes: Text
    action: str


_QUESTIONS = {
    Question.CONSENT: _Asks(
        text("Before your first character"),
        text(
            "Whoever is in the clip can be put into any video afterwards. Go on only if it is you, if you have "
            "their permission, or if it is nobody real. You are asked this once. Nothing was charged yet."
        ),
        text("Yes, that is so"),
        "consent",
    ),
    Question.SAME_AGAIN: _Asks(
        text("The same one again?"),
        text(
            "These seconds of this clip are already running, or were made a few minutes ago; see /tasks. Making "
            "another is charged like any other. Nothing was charged yet."
        ),
        text("Make another"),
        "again",
    ),
}


def job_footer(job: Job, locale: str) -> str:
    """The line that carries the job's id: people quote it, and the courier finds its own messages by it."""
    return say(text("Job {id}", id=job.id), locale)
