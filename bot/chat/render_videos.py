"""Renders a person's videos: a page of them with posters, and a single one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from discord import ButtonStyle

from bot import limits
from bot.chat.buttons import turning
from bot.chat.card import AMBER, BLUE, AttachedFile, Card, Entry, Field
from bot.chat.durable_items import DurableButton
from bot.chat.job_buttons import MakeVideoAgain
from bot.chat.markdown import PLAIN, Commands, escape, plain, say
from bot.chat.message import MessageContent
from bot.chat.render_borrowed import borrowed_in, lent_by, part_of
from bot.chat.render_video import video_file
from bot.chat.video_buttons import (
    AnotherTake,
    CharacterOfVideo,
    ConfirmDeleteVideo,
    DeleteVideo,
    KeepVideo,
    NewVideo,
    ShowVideo,
    TurnVideos,
)
from bot.texts import Text, listed, render, text
from bot.values.files import ending
from bot.values.made_video import MadeVideo

_MB = 1024 * 1024

Lenders: TypeAlias = Mapping[str, Mapping[int, int]]
"""For videos with borrowed characters: the owners, by job and character."""

NOBODY_LENDS: Lenders = MappingProxyType({})


def render_videos(
    owner_id: int,
    offset: int,
    videos: Sequence[MadeVideo],
    total: int,
    posters: Mapping[int, bytes],
    locale: str,
    commands: Commands = PLAIN,
    *,
    lenders: Lenders = NOBODY_LENDS,
) -> MessageContent:
    """``videos`` of ``total``, starting at ``offset``; ``posters`` by video id, as far as there are any.

    ``lenders``: by job and character, the owners of the borrowed ones.
    """
    if not videos:
        nothing = text(
            "You have no videos yet. Make your first one with /video create: say what happens, and choose who from "
            "your cast is in it."
        )
        card = Card(colour=BLUE, description=say(nothing, locale, commands))
        return MessageContent(card=card, buttons=(_new(owner_id, locale),))
    card = Card(
        colour=BLUE,
        entries=tuple(_entry(each, posters.get(each.id), locale, lenders) for each in videos),
        footer=say(_count(offset, len(videos), total), locale),
    )
    pages = turning(TurnVideos, owner_id, offset, total, limits.VIDEOS_PER_PAGE, locale)
    return MessageContent(card=card, buttons=(*pages, _new(owner_id, locale)))


def _entry(video: MadeVideo, poster: bytes | None, locale: str, lenders: Lenders) -> Entry:
    title = escape(plain(video.prompt, limits.OPTION_LABEL))
    lent = lent_by(video.roles, lenders.get(video.job_id, {}), locale)
    return Entry(
        words="\n".join([f"**{title}**", say(_about(video), locale), *lent]),
        picture=None if poster is None else _poster(video, poster, locale),
        buttons=(
            ShowVideo(video.id, video.owner_id, say(text("Watch"), locale)),
            AnotherTake(video.id, video.owner_id, say(text("Another take…"), locale)),
        ),
    )


def _new(owner_id: int, locale: str) -> NewVideo:
    return NewVideo(owner_id, say(text("New video…"), locale), ButtonStyle.primary)


def _about(video: MadeVideo) -> Text:
    made, names = int(video.created_at.timestamp()), listed(role.name for role in video.roles)
    if video.seconds is None:
        return text("{names} · {model} · made <t:{made}:R>", names=names, model=video.model, made=made)
    return text(
        "{names} · {model} · {seconds} s · made <t:{made}:R>",
        names=names,
        model=video.model,
        seconds=round(video.seconds),
        made=made,
    )


def _count(offset: int, shown: int, total: int) -> Text:
    if total <= limits.VIDEOS_PER_PAGE:
        return text("Your videos: {total}.", total=total)
    return part_of(offset, shown, total)


def render_own_video(
    video: MadeVideo,
    data: bytes | None,
    poster: bytes | None,
    locale: str,
    *,
    lenders: Mapping[int, int] = MappingProxyType({}),
    fitting: bool = False,
) -> MessageContent:
    """One video, for its owner only. ``data`` are its bytes, if they fit; otherwise its ``poster`` is shown.

    ``lenders``: by character the owners of the borrowed ones. ``fitting``: a smaller file is being made, and will
    replace the poster in a moment.
    """
    names = say(listed(role.name for role in video.roles), locale)
    fields = [Field(text("Characters"), names, locale), Field(text("Model"), escape(video.model), locale)]
    if video.seconds is not None:
        length = text("{seconds} s", seconds=round(video.seconds))
        fields.append(Field(text("Length"), say(length, locale), locale))
    media: tuple[AttachedFile, ...] = ()
    if data is not None:
        media = (video_file(video, data, video.file.mime, locale),)
    else:
        fields.append(Field(text("Video"), say(_too_large(video, fitting), locale), locale, inline=False))
        if poster is not None:
            media = (_poster(video, poster, locale),)
    card = Card(
        colour=BLUE,
        description="\n".join(
            [escape(plain(video.prompt, limits.PARAM_LENGTH)), *lent_by(video.roles, lenders, locale)]
        ),
        media=media,
        fields=tuple(fields),
        footer=say(text("Made <t:{at}:f>", at=int(video.created_at.timestamp())), locale),
    )
    buttons: tuple[DurableButton, ...] = (
        MakeVideoAgain(video.job_id, video.owner_id, say(text("Again"), locale)),
        AnotherTake(video.id, video.owner_id, say(text("Another take…"), locale)),
        *(() if borrowed_in(video.roles) else (_character_of(video, locale),)),
        DeleteVideo(video.id, video.owner_id, say(text("Delete"), locale)),
    )
    return MessageContent(card=card, buttons=buttons)


def _character_of(video: MadeVideo, locale: str) -> CharacterOfVideo:
    return CharacterOfVideo(video.id, video.owner_id, say(text("New character from this"), locale))


def _too_large(video: MadeVideo, fitting: bool) -> Text:
    size = -(-video.file.size // _MB)
    if fitting:
        return text(
            "The file is {size} MB, which is too large for Discord here. I'm making a smaller one. It will appear "
            "here in a few minutes.",
            size=size,
        )
    return text("The file is {size} MB, which is too large for Discord here. Get it with /privacy export.", size=size)


def render_delete_video(video: MadeVideo, locale: str) -> MessageContent:
    """Asks whether to delete it, with both answers as buttons."""
    question = text(
        "Delete the video “{prompt}”? This can't be undone. Messages that show it stay in Discord.",
        prompt=plain(video.prompt, limits.OPTION_LABEL),
    )
    card = Card(colour=AMBER, title=say(text("Delete this video?"), locale), description=say(question, locale))
    buttons = (
        ConfirmDeleteVideo(video.id, video.owner_id, say(text("Delete it"), locale), ButtonStyle.danger),
        KeepVideo(video.id, video.owner_id, say(text("Keep it"), locale)),
    )
    return MessageContent(card=card, buttons=buttons)


def _poster(video: MadeVideo, data: bytes, locale: str) -> AttachedFile:
    mime = video.poster.mime if video.poster is not None else "image/webp"
    alt = render(text("A picture from the video: {prompt}", prompt=video.prompt), locale)
    return AttachedFile(f"poster-{video.id}.{ending(mime, unknown='webp')}", data, alt)
