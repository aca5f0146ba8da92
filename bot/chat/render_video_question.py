"""Renders why a video cannot be made as requested, and what can be used instead."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from discord import ButtonStyle

from bot import limits
from bot.chat.card import AMBER, Card, Field
from bot.chat.markdown import PLAIN, Commands, escape, plain, say
from bot.chat.message import MessageContent
from bot.chat.render_borrowed import lent_by
from bot.chat.render_models import other_model
from bot.chat.video_buttons import ChangeVideo, TakeInstead
from bot.jobs.video_questions import Change, Part, VideoQuestion
from bot.texts import Text, listed, render, text


def render_video_question(
    question: VideoQuestion, lenders: Mapping[int, int], locale: str, commands: Commands = PLAIN
) -> MessageContent:
    """For its owner only: what was requested, why that does not work, and a button for each alternative.

    ``lenders``: by character the owners of those who are borrowed.
    """
    request = question.unsent.request
    lines = [say(reason, locale, commands) for reason in question.reasons]
    if len(lines) > 1:
        lines = [f"• {line}" for line in lines]
    prompt = escape(plain(request.prompt, limits.PARAM_LENGTH))
    fields = [Field(text("Your prompt"), prompt, locale, inline=False)]
    names = [role.name for role in request.cast]
    if names:
        fields.append(Field(text("Characters"), say(listed(names), locale), locale))
    if lent := lent_by([role for role in request.cast if role.character_id in lenders], lenders, locale):
        fields.append(Field(text("Borrowed"), "\n".join(lent), locale, inline=False))
    if request.model is not None:
        fields.append(Field(text("Model"), escape(request.model), locale))
    if request.duration is not None:
        fields.append(Field(text("Length"), say(text("{seconds} s", seconds=request.duration), locale), locale))
    dimensions = [each for each in (request.ratio, request.resolution) if each]
    if dimensions:
        fields.append(Field(text("Aspect ratio, resolution"), say(listed(dimensions), locale), locale))
    buttons = [
        TakeInstead(
            question.draft_id,
            str(change),
            question.owner_id,
            render(_label(change, question.prices.get(change)), locale),
            ButtonStyle.primary if at == 0 else ButtonStyle.secondary,
        )
        for at, change in enumerate(question.changes)
    ]
    change_it = ChangeVideo(
        question.draft_id,
        question.owner_id,
        say(text("Change it…"), locale),
        ButtonStyle.secondary if buttons else ButtonStyle.primary,
    )
    card = Card(
        colour=AMBER,
        title=say(text("Not started yet"), locale),
        description=_fitting(lines),
        fields=tuple(fields),
    )
    return MessageContent(card=card, buttons=(*buttons, change_it))


def _fitting(lines: list[str]) -> str:
    """As many lines as fit together with the request."""
    kept: list[str] = []
    for line in lines:
        if sum(map(len, kept)) + len(kept) + len(line) > limits.CARD_TEXT // 2:
            break
        kept.append(line)
    return "\n".join(kept)


_LEFT_OUT = {
    Part.DURATION: text("Use the model's length"),
    Part.RATIO: text("Use the model's aspect ratio"),
    Part.RESOLUTION: text("Use the model's resolution"),
    Part.SOUND: text("Use the model's sound"),
}


def _label(change: Change, price: Decimal | None) -> Text:
    if change.part is Part.MODEL:
        return other_model(change.value or None, price)
    if not change.value and change.part in _LEFT_OUT:
        return _LEFT_OUT[change.part]
    if change.part is Part.DURATION:
        return text("Use {seconds} s", seconds=change.value)
    if change.part is Part.SOUND:
        return text("With sound") if change.value == "1" else text("Without sound")
    return text("Use {offered}", offered=change.value)
