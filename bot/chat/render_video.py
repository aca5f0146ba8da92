"""Renders a finished video: the file itself, and its request."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot import limits
from bot.chat.card import AMBER, GREEN, AttachedFile, Card, Field
from bot.chat.durable_items import DurableButton
from bot.chat.job_buttons import MakeVideoAgain
from bot.chat.markdown import PLAIN, Commands, escape, plain, say
from bot.chat.message import MessageContent
from bot.chat.render_borrowed import borrowed_in, lent_by
from bot.chat.render_job import job_footer, why_hidden
from bot.chat.render_price import price_of
from bot.chat.video_buttons import AnotherTake, CharacterOfVideo
from bot.texts import listed, render, text
from bot.values.files import ending
from bot.values.job import Job
from bot.values.made_video import MadeVideo


def render_video(
    job: Job,
    video: MadeVideo,
    data: bytes | None,
    locale: str,
    commands: Commands = PLAIN,
    *,
    lenders: Mapping[int, int] = MappingProxyType({}),
) -> MessageContent:
    """The video that ``job`` made, with its owner's buttons. Everybody may see it.

    ``data`` is the video to show: its bytes, or a smaller version that fits into the message; ``None``: none does.
    ``lenders``: by character the owners of the borrowed ones.
    """
    lines = [escape(plain(video.prompt, limits.PARAM_LENGTH))]
    if data is None:
        lines.append(
            say(text("I couldn't attach the file to this message, but I kept it: see /video list."), locale, commands)
        )
    elif len(data) != video.file.size:
        lines.append(say(text("I made the file smaller so that it fits into this message."), locale))
    lines += lent_by(video.roles, lenders, locale)
    if (hidden := why_hidden(job)) is not None:
        lines.append(say(hidden, locale))
    names = say(listed(role.name for role in video.roles), locale)
    fields = [Field(text("Characters"), names, locale), Field(text("Model"), escape(video.model), locale)]
    if (cost := price_of(job)) is not None:
        name, value = cost
        fields.append(Field(name, say(value, locale), locale))
    buttons: tuple[DurableButton, ...] = (
        MakeVideoAgain(job.id, job.owner_id, say(text("Again"), locale)),
        AnotherTake(video.id, video.owner_id, say(text("Another take…"), locale)),
    )
    if not borrowed_in(video.roles):
        buttons += (CharacterOfVideo(video.id, video.owner_id, say(text("New character from this"), locale)),)
    media: tuple[AttachedFile, ...] = ()
    if data is not None:
        mime = video.file.mime if len(data) == video.file.size else "video/mp4"
        media = (video_file(video, data, mime, locale),)
    card = Card(
        colour=GREEN,
        description="\n".join(lines),
        media=media,
        fields=tuple(fields),
        footer=job_footer(job, locale),
    )
    return MessageContent(card=card, buttons=buttons)


def video_file(video: MadeVideo, data: bytes, mime: str, locale: str) -> AttachedFile:
    """``video`` as an attachment, under a unique file name: it plays in the card."""
    alt = render(text("A video: {prompt}", prompt=video.prompt), locale)
    return AttachedFile(f"video-{video.id}.{ending(mime, unknown='mp4')}", data, alt)


def render_video_gone(job: Job, locale: str, commands: Commands = PLAIN) -> MessageContent:
    """``job`` succeeded, but its owner has deleted the video since."""
    gone = text("The video was made, but <@{owner}> has deleted it since.", owner=job.owner_id)
    card = Card(colour=AMBER, description=say(gone, locale, commands), footer=job_footer(job, locale))
    return MessageContent(card=card)
