"""Users, guilds and channels: who is where and what the bot may do there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.loopback_discord.messages import Message
    from tests.loopback_discord.server import LoopbackDiscord

TEXT, DM, GROUP_DM, THREAD = 0, 1, 3, 11
PERMISSIONS = {
    "view_channel": 1 << 10,
    "send_messages": 1 << 11,
    "manage_messages": 1 << 13,
    "embed_links": 1 << 14,
    "attach_files": 1 << 15,
    "read_message_history": 1 << 16,
    "send_messages_in_threads": 1 << 38,
    "use_external_apps": 1 << 50,
}
INVITED_WITH = frozenset(PERMISSIONS) - {"manage_messages", "use_external_apps"}  # as its invite link
PARTIAL = frozenset(
    {"id", "name", "type", "last_message_id", "last_pin_timestamp", "nsfw", "parent_id", "guild_id", "flags"}
    | {"rate_limit_per_user", "topic", "position", "thread_metadata", "recipients"}
)
GATEWAY_ALONE = (
    *("joined_at", "large", "unavailable", "member_count", "voice_states", "members", "channels", "threads"),
    *("presences", "stage_instances", "guild_scheduled_events", "soundboard_sounds"),
)


def bits(permissions: frozenset[str] | set[str]) -> str:
    return str(sum(PERMISSIONS[name] for name in permissions))


@dataclass(eq=False)
class Account:
    """A person's or the bot's account."""

    id: int
    name: str
    bot: bool = False

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    def payload(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "username": self.name,
            "discriminator": "0",
            "global_name": self.name.title(),
            "avatar": None,
            "bot": self.bot,
            "flags": 0,
            "public_flags": 0,
            "primary_guild": None,
        }


@dataclass(eq=False)
class Guild:
    """A server. With `bot_is_member` the app is installed to it; else only to some of its members."""

    discord: LoopbackDiscord = field(repr=False)
    id: int
    name: str
    bot_is_member: bool = True
    locale: str = "en-US"
    external_apps_speak: bool = True  # False: what a user's own app answers here is shown to that user only
    automod: set[str] = field(default_factory=set)  # words that a message may not contain
    channels: list[Channel] = field(default_factory=list, repr=False)
    members: list[Account] = field(default_factory=list, repr=False)
    roles_of: dict[int, list[int]] = field(default_factory=dict, repr=False)  # ids, by person

    def add_channel(self, name: str = "general", *, thread_of: Channel | None = None) -> Channel:
        """Add a text channel, or a thread under one."""
        kind = THREAD if thread_of else TEXT
        channel = Channel(self.discord, self.discord.next_id(), kind, name, guild=self, parent=thread_of)
        self.channels.append(channel)
        self.discord.channels[channel.id] = channel
        self.discord.announce(self, "THREAD_CREATE" if thread_of else "CHANNEL_CREATE", channel.payload())
        return channel

    def remove_bot(self) -> None:
        """The bot is thrown out; it may still be installed to people here."""
        self.bot_is_member = False
        self.discord.gateway.dispatch("GUILD_DELETE", {"id": str(self.id)}, guild_id=self.id)

    def bare(self) -> dict[str, Any]:
        """All that an interaction tells about a guild."""
        return {"id": str(self.id), "locale": self.locale, "features": []}

    def payload(self) -> dict[str, Any]:
        """A GUILD_CREATE."""
        threads = [channel.payload() for channel in self.channels if channel.type == THREAD]
        everyone = {
            "id": str(self.id),
            "name": "@everyone",
            "color": 0,
            "hoist": False,
            "position": 0,
            "flags": 0,
            "permissions": bits(INVITED_WITH),
            "managed": False,
            "mentionable": False,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        }
        return {
            "id": str(self.id),
            "name": self.name,
            "icon": None,
            "owner_id": "1",
            "preferred_locale": self.locale,
            "afk_timeout": 300,
            "verification_level": 0,
            "default_message_notifications": 0,
            "mfa_level": 0,
            "explicit_content_filter": 0,
            "nsfw_level": 0,
            "premium_tier": 0,
            "system_channel_flags": 0,
            "emojis": [],
            "stickers": [],
            "features": [],
            "presences": [],
            "voice_states": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
            "large": False,
            "unavailable": False,
            "member_count": len(self.members) + 1,
            "joined_at": self.discord.clock.now().isoformat(),
            "roles": [everyone],
            "members": [self.member(self.discord.bot)],
            "channels": [channel.payload() for channel in self.channels if channel.type != THREAD],
            "threads": threads,
        }

    def fetched(self) -> dict[str, Any]:
        """What REST tells of it."""
        shown = self.payload()
        for by_the_gateway_alone in GATEWAY_ALONE:
            del shown[by_the_gateway_alone]
        return shown

    def member(self, account: Account) -> dict[str, Any]:
        return {
            "user": account.payload(),
            "nick": None,
            "avatar": None,
            "roles": [str(role_id) for role_id in self.roles_of.get(account.id, ())],
            "deaf": False,
            "mute": False,
            "flags": 0,
            "joined_at": self.discord.clock.now().isoformat(),
        }


@dataclass(eq=False)
class Channel:
    """A place with messages: of a guild, or between `people` (and the bot, when it is there too)."""

    discord: LoopbackDiscord = field(repr=False)
    id: int
    type: int
    name: str
    guild: Guild | None = None
    parent: Channel | None = None
    people: tuple[Account, ...] = ()
    category: int | None = None
    with_bot: bool = True  # of a channel without a guild: a DM with the bot
    bot_may: set[str] = field(default_factory=lambda: set(INVITED_WITH))
    messages: list[Message] = field(default_factory=list, repr=False)

    @property
    def bot_is_here(self) -> bool:
        """Whether the bot can reach this channel by its own right, not by an interaction's token."""
        if self.guild is None:
            return self.with_bot
        return self.guild.bot_is_member and "view_channel" in self.bot_may

    def deny(self, *permissions: str) -> None:
        """Take permissions away from the bot, as somebody who edits the channel does."""
        self.bot_may -= set(permissions)
        if self.guild is not None:
            self.discord.announce(self.guild, "CHANNEL_UPDATE", self.payload())

    def delete(self) -> None:
        self.discord.channels.pop(self.id)
        if self.guild is not None:
            self.guild.channels.remove(self)
            self.discord.announce(self.guild, "CHANNEL_DELETE", self.payload())

    def visible_to(self, account: Account) -> list[Message]:
        """What that person sees here, oldest first."""
        people = self.guild.members if self.guild else self.people
        if account not in people:
            return []
        return [message for message in self.messages if message.seen_by(account)]

    def payload(self) -> dict[str, Any]:
        common = {"id": str(self.id), "type": self.type, "last_message_id": None, "flags": 0}
        if self.guild is None:
            return {**common, "recipients": [person.payload() for person in self.people]}
        common |= {"guild_id": str(self.guild.id), "name": self.name, "rate_limit_per_user": 0}
        if self.type == THREAD:
            return common | {
                "parent_id": str(self.parent.id if self.parent else 0),
                "owner_id": "1",
                "total_message_sent": 0,
                "message_count": 0,
                "member_count": 1,
                "thread_metadata": {
                    "archived": False,
                    "auto_archive_duration": 1440,
                    "locked": False,
                    "archive_timestamp": self.discord.clock.now().isoformat(),
                },
            }
        missing = set(INVITED_WITH) - self.bot_may
        overwrite = {"id": str(self.guild.id), "type": 0, "allow": "0", "deny": bits(missing)}
        more = {"position": 0, "parent_id": str(self.category) if self.category else None, "topic": None, "nsfw": False}
        return common | more | {"permission_overwrites": [overwrite] if missing else []}

    def partial(self, asker: Account) -> dict[str, Any]:
        """The channel of an interaction, with no more than is documented; `asker` is whose permissions it names."""
        if self.guild is None and self.type == DM and not self.with_bot:
            return self.payload() | {"recipients": [person.payload() for person in self.people if person is not asker]}
        told = {name: value for name, value in self.payload().items() if name in PARTIAL}
        return told | {"permissions": bits(INVITED_WITH)}
