"""Who may use the bot, and where. Checked before anything else and from memory, because nothing may be awaited."""

from __future__ import annotations

from collections.abc import Collection

from bot.store.blocks import BlockStore
from bot.store.servers import ServerStore
from bot.texts import Text, text
from bot.values.job import JobKind


class AccessPolicy:
    """What the operator and the managers of a server have decided."""

    def __init__(self, *, servers: ServerStore, blocks: BlockStore) -> None:
        self._servers = servers
        self._blocks = blocks

    def refusal(self, *, user_id: int, guild_id: int | None, channels: Collection[int]) -> Text | None:
        """Why this person may not use the bot there; ``None`` if they may.

        ``channels``: the channel they are in and what contains it (a thread's channel, a channel's category).
        """
        if self._blocks.is_blocked(user_id):
            return text(
                "The people who run this bot have blocked you from using it. Your cast stays, and /privacy still works."
            )
        if self._servers.is_blocked(guild_id, user_id):
            return text("The managers of this server have blocked you from using me here. You can use me elsewhere.")
        if not self._servers.rules(guild_id).closed_channels.isdisjoint(channels):
            return text("I'm switched off in this channel. Try another one.")
        return None

    def closes_channels(self, guild_id: int) -> bool:
        """Whether any channel of that server is closed."""
        return bool(self._servers.rules(guild_id).closed_channels)

    def role_refusal(self, kind: JobKind, guild_id: int | None, roles: Collection[int]) -> Text | None:
        """Why somebody with those roles may not make that there; ``None`` if they may. Anybody may preview."""
        ruled = self._servers.rules(guild_id).roles
        makers = [role_id for role_id, rules in ruled.items() if rules.allows(kind)]
        if kind is JobKind.PREVIEW or not makers or not set(makers).isdisjoint(roles):
            return None
        if kind is JobKind.VIDEO:
            return text(
                "In this server only certain roles can make videos, and you don't have one. You can still make "
                "them elsewhere."
            )
        return text(
            "In this server only certain roles can make characters, and you don't have one. You can still make "
            "them elsewhere."
        )

    def role_limit(self, kind: JobKind, guild_id: int | None, roles: Collection[int]) -> int:
        """How many jobs of that kind a member with those roles may start there per day; 0: the same as anybody.

        If several roles have a limit, the most generous one counts.
        """
        name = "videos" if kind is JobKind.VIDEO else "characters"
        return self._most(guild_id, roles, name)

    def _most(self, guild_id: int | None, roles: Collection[int], name: str) -> int:
        ruled = self._servers.rules(guild_id).roles
        found = [getattr(ruled[role_id], name) for role_id in roles if role_id in ruled]
        return max((each for each in found if each is not None), default=0)

    def private_results(self, guild_id: int | None) -> bool:
        """Whether results in this server are private by default."""
        return self._servers.rules(guild_id).private_results

    def day_limit(self, kind: JobKind, guild_id: int | None, allowed: int) -> int:
        """How many jobs of that kind this server may start per day: the lower of its limit and the operator's (0:
        none).
        """
        rules = self._servers.rules(guild_id)
        return least(rules.video_limit if kind is JobKind.VIDEO else rules.day_limit, allowed)

    def credits(self, guild_id: int | None, allowed: int) -> int:
        """How many credits may be spent in this server per day, as in :meth:`day_limit`."""
        return least(self._servers.rules(guild_id).credits, allowed)

    def member_credits(self, guild_id: int | None, roles: Collection[int] = ()) -> int:
        """How many credits a member with those roles may spend in this server per day; 0: the same as anywhere.

        A limit for a role replaces the server's limit for each member.
        """
        return self._most(guild_id, roles, "credits") or self._servers.rules(guild_id).member_credits or 0


def least(own: int | None, allowed: int) -> int:
    """The lower of the operator's limit (0: none) and a server's own."""
    if own is None:
        return allowed
    return own if not allowed else min(own, allowed)
