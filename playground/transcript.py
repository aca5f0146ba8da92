"""The conversation as a reader would see it in Discord: each message once, and again when the bot edits it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Sequence

import discord

from bot.chat.durable_items import parts

WIDTH = 96
_TIMESTAMP = re.compile(r"<t:(\d+)(?::\w)?>")
_COMMAND = re.compile(r"</([\w -]+):\d+>")
_MEMBER = re.compile(r"<@(\d+)>")


class Transcript:
    """``say`` prints a line and keeps it; :meth:`look` prints what changed in a channel.

    ``names`` of members by their id, for the mentions of them.
    """

    def __init__(self, show: Callable[[str], None] = print) -> None:
        self._show = show
        self.names: dict[int, str] = {}
        self._seen: dict[int, str] = {}
        self._shown_to: dict[int, dict[int, discord.Message]] = {}
        self.lines: list[str] = []

    def say(self, line: str = "") -> None:
        """One line of our own, or a member's action."""
        self.lines.append(line)
        self._show(line)

    def look(self, messages: list[discord.Message], viewer_id: int) -> None:
        """Print messages that are new, were edited or are gone since the last look by anybody, or by this viewer."""
        there = {message.id: message for message in messages}
        for gone in [seen for seen in self._shown_to.get(viewer_id, {}).values() if seen.id not in there]:
            if self._seen.pop(gone.id, None) is not None:
                self.say(f"  {_author(gone)} deletes {_quoted(gone)}{_seen_by(gone)}.")
        self._shown_to[viewer_id] = there
        for message in messages:
            body = _MEMBER.sub(self._name, "\n".join(_body(message)))
            if self._seen.get(message.id) == body:
                continue
            verb = "edits its message" if message.id in self._seen else "answers"
            self._seen[message.id] = body
            self.say(f"  {_author(message)} {verb}{_seen_by(message)}:")
            for line in body.splitlines():
                self.say(f"    │ {line}")

    def _name(self, mention: re.Match[str]) -> str:
        return f"@{self.names.get(int(mention[1]), 'somebody')}"


def with_button(messages: Sequence[discord.Message], label: str) -> discord.Message | None:
    """The newest message with this button."""
    for message in reversed(messages):
        if any(getattr(part, "label", None) == label for part in parts(message)):
            return message
    return None


def _seen_by(message: discord.Message) -> str:
    return " (seen by one person only)" if message.flags.ephemeral else ""


def _quoted(message: discord.Message) -> str:
    heading = next((each.splitlines()[0] for each in texts_of(message)), message.content)
    title = next((embed.title for embed in message.embeds if embed.title), heading.removeprefix("### "))
    return f"“{title}”" if title else "its message"


def _author(message: discord.Message) -> str:
    return "Castbook" if message.author.bot else message.author.name


def _body(message: discord.Message) -> Iterator[str]:
    yield from _paragraph(message.content)
    if message.flags.loading:
        yield "is thinking…"
    for embed in message.embeds:
        yield from _embed(embed)
    for attachment in message.attachments:
        size = f", {attachment.width}×{attachment.height}" if attachment.width else ""
        yield f"[file {attachment.filename}{size}, {attachment.size:,} bytes]"
    for part in parts(message):
        yield from _part(part)


def texts_of(message: discord.Message) -> Iterator[str]:
    """The texts of its card, and the descriptions of its embeds."""
    yield from (embed.description for embed in message.embeds if embed.description)
    yield from (part.content for part in parts(message) if isinstance(part, discord.TextDisplay))


def _part(part: discord.Component) -> Iterator[str]:
    if isinstance(part, discord.TextDisplay):
        for line in part.content.splitlines():
            if line.startswith("### "):
                yield f"** {line.removeprefix('### ')} **"
            elif line.startswith("-# "):
                yield f"— {line.removeprefix('-# ')}"
            else:
                yield from _paragraph(line.replace("**", ""))
    elif isinstance(part, discord.ActionRow):
        yield "  ".join(f"[ {child.label} ]" for child in part.children if isinstance(child, discord.Button))
    elif isinstance(part, discord.SectionComponent) and isinstance(part.accessory, discord.Button):
        yield f"[ {part.accessory.label} ]"


def _embed(embed: discord.Embed) -> Iterator[str]:
    if embed.author.name:
        yield embed.author.name
    if embed.title:
        yield f"** {embed.title} **"
    yield from _paragraph(embed.description or "")
    for entry in embed.fields:
        lines = list(_paragraph(entry.value or ""))
        if len(lines) == 1:
            yield f"{entry.name}: {lines[0]}"
        else:
            yield f"{entry.name}:"
            yield from lines
    if embed.footer.text:
        yield f"— {embed.footer.text}"


def _paragraph(markdown: str) -> Iterator[str]:
    plain = _COMMAND.sub(r"/\1", _TIMESTAMP.sub("just now", markdown))
    for line in plain.splitlines():
        if not line.startswith("```"):
            yield from textwrap.wrap(line, WIDTH) or [""]
