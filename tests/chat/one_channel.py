"""One channel of one server on the loopback Discord, with the owner of the jobs: as much as a courier needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.chat.samples import CHANNEL_ID, GUILD_ID, OWNER_ID
from tests.loopback_discord.driving import User
from tests.loopback_discord.incoming import Call
from tests.loopback_discord.interactions import COMMAND, DEFERRED_MESSAGE, Interaction
from tests.loopback_discord.messages import Message
from tests.loopback_discord.places import TEXT, Account, Channel, Guild
from tests.loopback_discord.server import LoopbackDiscord

EDIT, DELETE, FOLLOWUP, OPEN_DM = "edit", "delete", "followup", "open_dm"
CHANNEL, DM = "post:channel", "post:dm"
EDIT_PUBLIC, REMOVE = "edit:channel", "remove:channel"
CHANNEL_HISTORY, DM_HISTORY = "history:channel", "history:dm"
OPERATORS = (501, 502)

_HERE, _ELSEWHERE = rf"^/channels/{CHANNEL_ID}/messages", rf"^/channels/(?!{CHANNEL_ID}/)\d+/messages"
# What a request is for → its method and path. The login is none of these.
_KINDS = {
    EDIT: ("PATCH", "^/webhooks/"),
    DELETE: ("DELETE", "^/webhooks/"),
    FOLLOWUP: ("POST", "^/webhooks/"),
    OPEN_DM: ("POST", "^/users/@me/channels$"),
    CHANNEL: ("POST", _HERE),
    DM: ("POST", _ELSEWHERE),
    CHANNEL_HISTORY: ("GET", _HERE),
    DM_HISTORY: ("GET", _ELSEWHERE),
    EDIT_PUBLIC: ("PATCH", _HERE),
    REMOVE: ("DELETE", _HERE),
    "remove:dm": ("DELETE", _ELSEWHERE),
    "edit:dm": ("PATCH", _ELSEWHERE),
}


class OneChannel:
    """The people and places have the ids of the samples; a job that was asked for here has the token "tok"."""

    def __init__(self, discord: LoopbackDiscord) -> None:
        self.discord = discord
        self.guild = Guild(discord, GUILD_ID, "studio")
        self.channel = Channel(discord, CHANNEL_ID, TEXT, "casting", guild=self.guild)
        self.people = [User(number, f"person {number}", discord=discord) for number in (OWNER_ID, *OPERATORS)]
        self.owner = self.people[0]
        self.guild.channels.append(self.channel)
        self.guild.members += self.people
        discord.guilds.append(self.guild)
        discord.channels[CHANNEL_ID] = self.channel
        discord.users |= {person.id: person for person in self.people}

    def asked(self, *, ephemeral: bool = True) -> Message:
        """The owner sends a command just now, and sees that the bot is thinking; returns that first answer."""
        interaction = Interaction(
            id=self.discord.next_id(),
            token="tok",
            type=COMMAND,
            user=self.owner,
            channel=self.channel,
            created=self.discord.clock.now(),
            owners={"0": str(GUILD_ID)},
            forced_ephemeral=False,
            data={},
            answer_type=DEFERRED_MESSAGE,
        )
        original = self.discord.composer.thinking(self.channel, interaction, self.owner if ephemeral else None)
        interaction.original = original
        self.discord.interactions[interaction.token] = interaction
        return original

    @property
    def original(self) -> Message:
        """The first answer to the command."""
        original = self.discord.interactions["tok"].original
        assert original is not None
        return original

    def posted(self, content: str, *, by: Account, embeds: list[dict[str, Any]] | None = None) -> Message:
        """A message of somebody's in the channel."""
        message = Message(self.discord.next_id(), self.channel, by, self.discord.clock.now(), content, embeds or [])
        self.channel.messages.append(message)
        return message

    @property
    def dm(self) -> Channel:
        """The owner's direct messages with the bot."""
        return self.discord.dm(self.owner)

    @property
    def in_channel(self) -> list[Message]:
        """What stands in the channel, oldest first, including what only one person sees."""
        return [message for message in self.channel.messages if not message.deleted]

    @property
    def in_dms(self) -> list[Message]:
        """What stands in the direct messages of the owner and the operators."""
        return [message for person in self.people for message in person.dms()]

    # -- requests -------------------------------------------------------------------------------------------------

    @property
    def calls(self) -> list[str]:
        """What each request so far was for, in order; the login is left out."""
        return [kind for kind, _ in self._calls()]

    def last(self, kind: str) -> Call:
        """The last request of that kind."""
        return [call for each, call in self._calls() if each == kind][-1]

    def answered(self, code: int) -> list[Call]:
        """The requests that were answered with that error code."""
        return [call for call in self.discord.rest.calls if call.code == code]

    def _calls(self) -> list[tuple[str, Call]]:
        return [
            (kind, call)
            for call in self.discord.rest.calls
            for kind, (method, path) in _KINDS.items()
            if call.method == method and re.search(path, call.path)
        ]

    def fail(
        self,
        kind: str,
        status: int | None = None,
        code: int = 0,
        *,
        times: int = 1,
        headers: Mapping[str, str] | None = None,
        retry_after: float = 0.0,
        reset: bool = False,
        after: bool = False,
    ) -> None:
        """Let the next ``times`` requests of that kind fail; ``after``: when they have been carried out."""
        method, path = _KINDS[kind]
        body = {"code": code, "message": "refused", "retry_after": retry_after, "global": False}
        self.discord.inject(
            method, path, status=status, code=code, times=times, headers=headers, body=body, drop=reset, processed=after
        )


STRANGER = Account(77, "somebody else", bot=True)
