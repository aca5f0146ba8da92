"""Explains how to use a character in a video at the provider."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import discord

from bot.chat.card import BLUE
from bot.chat.markdown import code_block, say
from bot.chat.message import MessageContent
from bot.texts import text
from bot.values.character import Character


def render_use(character: Character, request: Mapping[str, Any], address: str, locale: str) -> MessageContent:
    """For its owner only: a request to copy. The task ID is the whole text, which a phone copies by a long press.

    ``request`` is its body (:func:`~bot.provider.models.manual_request.manual_request`), ``address`` where to send it.
    """
    embed = discord.Embed(title=say(text("Use it in a video"), locale), colour=BLUE)
    embed.description = "\n".join(
        (
            say(text("I can't make videos right now. You can send this to ToAPIs with your own API key:"), locale),
            f"```json\nPOST {address}\n\n{json.dumps(request, indent=2, ensure_ascii=False).replace('`', 'ˋ')}\n```",
            say(text("Above is the task ID by itself. To copy it on a phone, long-press it, then Copy Text."), locale),
        )
    )
    if character.username:
        username = say(text("Username at ToAPIs, for prompts (only you see it)"), locale)
        embed.add_field(name=username, value=code_block(f"@{character.username}"), inline=False)
    return MessageContent(embeds=(embed,), content=_copied(character.task_id))


def example(locale: str) -> str:
    """The prompt of that request."""
    return say(text("A portrait in warm evening light, speaking to the camera"), locale)


def _copied(task_id: str) -> str:
    """As plain text, if nothing in it is Discord markup."""
    return task_id if re.fullmatch(r"[A-Za-z0-9_\-]{1,128}", task_id) else code_block(task_id)
