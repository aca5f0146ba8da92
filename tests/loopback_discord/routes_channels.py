"""Routes on a channel's messages, which the bot may use only where it is a member and has the permissions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.loopback_discord.api_errors import (
    FormErrors,
    cannot_message_user,
    missing_access,
    missing_permissions,
    no_mutual_guild,
    not_your_message,
    too_many_old_edits,
    unknown_channel,
    unknown_message,
)
from tests.loopback_discord.composing import Body
from tests.loopback_discord.incoming import Call
from tests.loopback_discord.messages import Message
from tests.loopback_discord.places import THREAD, Channel

if TYPE_CHECKING:
    from tests.loopback_discord.server import LoopbackDiscord

OLD = timedelta(hours=1)


class ChannelRoutes:
    """/channels/{id}/messages."""

    def __init__(self, discord: LoopbackDiscord) -> None:
        self._discord = discord

    def routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        messages, one = r"/channels/(\d+)/messages", r"/channels/(\d+)/messages/(\d+)"
        return [
            ("POST", messages, self.post),
            ("GET", messages, self.history),
            ("GET", one, self.get),
            ("PATCH", one, self.edit),
            ("DELETE", one, self.delete),
        ]

    async def post(self, call: Call, channel_id: str) -> Any:
        channel = self._channel(channel_id)
        self._may_speak(channel, call.body)
        payload = call.body.message
        nonce = payload.get("nonce")
        if nonce is not None and payload.get("enforce_nonce"):
            before = self._sent_before(str(nonce))
            if before is not None:
                return self._living(before).payload()
        message = self._discord.composer.write(call.body, channel)
        if nonce is not None and payload.get("enforce_nonce"):
            self._discord.nonces[str(nonce)] = message
        return message.payload()

    async def history(self, call: Call, channel_id: str) -> Any:
        channel = self._channel(channel_id)
        limit = int(call.query.get("limit", 50))
        errors = FormErrors()
        with errors.at("limit"):
            errors.number(limit, 1, 100)
        errors.check()
        if channel.guild is not None and "read_message_history" not in channel.bot_may:
            return []
        before = int(call.query.get("before", 1 << 63))
        after = int(call.query.get("after", 0))
        found = [each for each in self._readable(channel) if after < each.id < before]
        page = found[:limit] if "after" in call.query else found[-limit:]
        return [self._told(message) for message in reversed(page)]

    async def get(self, _call: Call, channel_id: str, message_id: str) -> Any:
        channel = self._channel(channel_id)
        self._needs(channel, "read_message_history")
        return self._told(self._message(channel, message_id))

    async def edit(self, call: Call, channel_id: str, message_id: str) -> Any:
        channel = self._channel(channel_id)
        message = self._message(channel, message_id)
        if message.author is not self._discord.bot:
            raise not_your_message()
        if call.body.uploads:
            self._needs(channel, "attach_files")
        now = self._discord.clock.now()
        if now - message.created > OLD:
            recent = [at for at in message.edits if now - at < OLD]
            if len(recent) >= self._discord.edits_of_old_messages:
                raise too_many_old_edits(self._discord.old_edit_retry_after)
            message.edits.append(now)
        return self._discord.composer.edit(message, call.body).payload()

    async def delete(self, _call: Call, channel_id: str, message_id: str) -> Any:
        channel = self._channel(channel_id)
        message = self._message(channel, message_id)
        if message.author is not self._discord.bot:
            self._needs(channel, "manage_messages")
        message.delete()

    # -- who may what ----------------------------------------------------------------------------------------------

    def _channel(self, channel_id: str) -> Channel:
        channel = self._discord.channels.get(int(channel_id))
        if channel is None:
            raise unknown_channel()
        if not channel.bot_is_here:
            raise missing_access()
        return channel

    def _needs(self, channel: Channel, *permissions: str) -> None:
        if channel.guild is not None and not channel.bot_may.issuperset(permissions):
            raise missing_permissions()

    def _may_speak(self, channel: Channel, body: Body) -> None:
        if channel.guild is None:
            user = self._discord.users[channel.people[0].id]
            if user.blocks_bot:
                raise cannot_message_user()
            if not user.shares_guild_with_bot or not user.takes_dms:
                raise no_mutual_guild()
            return
        self._needs(channel, "send_messages_in_threads" if channel.type == THREAD else "send_messages")
        if body.message.get("embeds"):
            self._needs(channel, "embed_links")
        if body.uploads:
            self._needs(channel, "attach_files")

    def _sent_before(self, nonce: str) -> Message | None:
        """The bot's message with that nonce of the last few minutes, in whatever channel."""
        message = self._discord.nonces.get(nonce)
        if message is None or self._discord.clock.now() - message.created > self._discord.nonce_life:
            return None
        return message

    def _living(self, message: Message) -> Message:
        if message.deleted:
            raise unknown_message()
        return message

    def _readable(self, channel: Channel) -> list[Message]:
        return [each for each in channel.messages if not each.deleted and not each.ephemeral]

    def _message(self, channel: Channel, message_id: str) -> Message:
        for message in self._readable(channel):
            if str(message.id) == message_id:
                return message
        raise unknown_message()

    def _told(self, message: Message) -> dict[str, Any]:
        """The message as an app without the Message Content intent gets it."""
        bot = self._discord.bot
        readable = message.author is bot or message.channel.guild is None or bot.id in message.mentioned()
        return message.payload(readable=readable)
