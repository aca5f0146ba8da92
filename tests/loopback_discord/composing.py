"""Turns the body of a request into a message, or into a change of one, when Discord's rules allow it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.loopback_discord.api_errors import FormErrors, blocked_by_automod, empty_message, legacy_fields, too_large
from tests.loopback_discord.cdn import Upload
from tests.loopback_discord.keeping import kept_components, kept_embeds
from tests.loopback_discord.layout_rules import media_of, nested
from tests.loopback_discord.message_rules import check_message
from tests.loopback_discord.messages import COMPONENTS_V2, EPHEMERAL, Message
from tests.loopback_discord.places import Account, Channel

if TYPE_CHECKING:
    from tests.loopback_discord.interactions import Interaction
    from tests.loopback_discord.server import LoopbackDiscord


@dataclass
class Body:
    """The JSON of a request, and the files that came with it by their number n of `files[n]`."""

    json: Any = None
    uploads: dict[int, Upload] = field(default_factory=dict)

    @property
    def message(self) -> dict[str, Any]:
        """The part that describes a message."""
        return self.json if isinstance(self.json, dict) else {}


class Composer:
    """Writes and changes the bot's messages."""

    def __init__(self, discord: LoopbackDiscord) -> None:
        self._discord = discord

    def write(
        self, body: Body, channel: Channel, *, by: Interaction | None = None, only_for: Account | None = None
    ) -> Message:
        """A new message of the bot in `channel`; raises ApiError."""
        now = self._discord.clock.now()
        draft = Message(0, channel, self._discord.bot, now, by=by, only_for=only_for)
        self.change(draft, body)
        draft.nonce = body.message.get("nonce")
        draft.id = self._discord.next_id()
        channel.messages.append(draft)
        return draft

    def thinking(self, channel: Channel, by: Interaction, only_for: Account | None) -> Message:
        """The empty message of a defer."""
        now = self._discord.clock.now()
        message = Message(self._discord.next_id(), channel, self._discord.bot, now, by=by, only_for=only_for)
        message.loading = True
        channel.messages.append(message)
        return message

    def edit(self, message: Message, body: Body) -> Message:
        """Change a message that is there; raises ApiError and then leaves it as it was."""
        was_loading = message.loading
        if not self._discord.edits_bring_media:
            _check_no_new_media(body)
        self.change(message, body)
        if not was_loading:
            message.edited = self._discord.clock.now()
        return message

    def change(self, message: Message, body: Body) -> None:
        """Check everything first, then write it."""
        payload = body.message
        layout = message.layout or bool((payload.get("flags") or 0) & COMPONENTS_V2)
        kept = self._kept(message, payload)
        names = {file.name for file in kept} | {upload.name for upload in body.uploads.values()}
        known = {file.id for file in message.files}
        if any(len(upload.data) > self._discord.file_limit for upload in body.uploads.values()):
            raise too_large()
        check_message(payload, uploads=body.uploads, names=names, kept=known, layout=layout)
        after: dict[str, Any] = {
            "content": message.content,
            "embeds": message.embeds,
            "components": message.components,
            **{key: payload[key] for key in ("content", "embeds", "components") if key in payload},
        }
        if not (any(after.values()) or kept or body.uploads) or (layout and not after["components"]):
            raise empty_message()
        if layout and (after["content"] or after["embeds"]):  # what stood there before must be taken away with it
            raise legacy_fields()
        self._moderate(message.channel, after)
        message.content = after["content"] or ""
        message.embeds = kept_embeds(after["embeds"] or [])
        message.components = kept_components(after["components"] or [])
        message.layout = layout
        message.files = kept + [self._stored(message, number, body) for number in sorted(body.uploads)]
        if message.loading or not message.id:  # an edit pings nobody
            message.pinged = self._pinged(message, payload.get("allowed_mentions"))
        message.loading = False

    def _kept(self, message: Message, payload: dict[str, Any]) -> list[Any]:
        """The files that stay: all of them unless the edit lists those that it wants."""
        listed = payload.get("attachments", message.files)
        if listed is message.files:
            return list(message.files)
        wanted = {str(entry.get("id")) for entry in listed or [] if isinstance(entry, dict)}
        return [file for file in message.files if str(file.id) in wanted]

    def _stored(self, message: Message, number: int, body: Body) -> Any:
        upload = body.uploads[number]
        for entry in body.message.get("attachments") or []:
            if str(entry.get("id")) == str(number) and entry.get("filename"):
                upload = Upload(entry["filename"], upload.data, upload.content_type)
        file_id = self._discord.next_id()
        folder = "ephemeral-attachments" if message.ephemeral else "attachments"
        return self._discord.cdn.store(f"{folder}/{message.channel.id}", file_id, upload)

    def _moderate(self, channel: Channel, after: dict[str, Any]) -> None:
        if channel.guild is None:
            return
        said = " ".join(texts(after)).casefold()
        if any(word.casefold() in said for word in channel.guild.automod):
            raise blocked_by_automod()

    def _pinged(self, message: Message, allowed: dict[str, Any] | None) -> set[int]:
        mentioned = message.mentioned()
        if allowed is None or "users" in (allowed.get("parse") or []):
            return mentioned
        return mentioned & {int(number) for number in allowed.get("users") or []}


def _check_no_new_media(body: Body) -> None:
    """Where Discord does not find what an edit itself brings."""
    brought = {f"attachment://{upload.name}" for upload in body.uploads.values()}
    errors = FormErrors()
    for part in nested(body.message.get("components")):
        for media in media_of(part):
            if media.get("url") in brought:
                with errors.at("components"):
                    errors.add("UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND", "The attachment was not found.")
    errors.check()


def texts(node: Any) -> list[str]:
    """Every text in a JSON value."""
    if isinstance(node, str):
        return [node]
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [text for child in children for text in texts(child)]


def wants_ephemeral(payload: Any) -> bool:
    """Whether the flags of a message ask that only the person sees it."""
    return bool(((payload or {}).get("flags") or 0) & EPHEMERAL)
