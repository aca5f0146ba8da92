"""Routes about the application: who it is, its gateway, its commands; and the people and servers it can look up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.loopback_discord.api_errors import (
    ApiError,
    invalid_recipient,
    missing_access,
    unknown_channel,
    unknown_guild,
    unknown_member,
    unknown_user,
)
from tests.loopback_discord.command_rules import check_commands
from tests.loopback_discord.incoming import Call
from tests.loopback_discord.places import Guild

if TYPE_CHECKING:
    from tests.loopback_discord.server import LoopbackDiscord


class ApplicationRoutes:
    """/users, /oauth2, /gateway, /applications, /guilds, and channels by their id."""

    def __init__(self, discord: LoopbackDiscord) -> None:
        self._discord = discord

    def routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        return [
            ("GET", "/users/@me", self.me),
            ("GET", r"/users/(\d+)", self.user),
            ("POST", "/users/@me/channels", self.open_dm),
            ("GET", "/oauth2/applications/@me", self.application),
            ("GET", "/gateway/bot", self.gateway),
            ("GET", r"/channels/(\d+)", self.channel),
            ("GET", r"/guilds/(\d+)", self.guild),
            ("GET", r"/guilds/(\d+)/members/(\d+)", self.member),
            ("POST", "/attachments/refresh-urls", self.refresh_urls),
            ("GET", r"/applications/(\d+)/commands", self.commands),
            ("PUT", r"/applications/(\d+)/commands", self.overwrite_commands),
        ]

    async def me(self, _call: Call) -> Any:
        return self._discord.bot.payload() | {"verified": True, "mfa_enabled": False, "locale": "en-US"}

    async def user(self, _call: Call, user_id: str) -> Any:
        if int(user_id) not in self._discord.accounts:
            raise unknown_user()
        return self._discord.accounts[int(user_id)].payload()

    async def open_dm(self, call: Call) -> Any:
        recipient = str((call.payload or {}).get("recipient_id", ""))
        user = self._discord.users.get(int(recipient)) if recipient.isdecimal() else None
        if user is None:
            raise invalid_recipient()
        return self._discord.dm(user).payload()

    async def refresh_urls(self, call: Call) -> Any:
        """As Discord does it, which documents it nowhere: an address that it does not know comes back as it was."""
        urls = (call.payload or {}).get("attachment_urls", [])
        return {"refreshed_urls": [{"original": url, "refreshed": self._discord.cdn.renew(url)} for url in urls]}

    async def channel(self, _call: Call, channel_id: str) -> Any:
        channel = self._discord.channels.get(int(channel_id))
        if channel is None:
            raise unknown_channel()
        if not channel.bot_is_here:
            raise missing_access()
        return channel.payload()

    async def guild(self, _call: Call, guild_id: str) -> Any:
        return self._guild(guild_id).fetched()

    async def member(self, _call: Call, guild_id: str, user_id: str) -> Any:
        guild, account = self._guild(guild_id), self._discord.accounts.get(int(user_id))
        if account is None or account not in (*guild.members, self._discord.bot):
            raise unknown_member()
        return guild.member(account)

    def _guild(self, guild_id: str) -> Guild:
        for guild in self._discord.guilds:
            if str(guild.id) == guild_id and guild.bot_is_member:
                return guild
        raise unknown_guild()

    async def application(self, _call: Call) -> Any:
        bot = self._discord.bot
        return {
            "id": str(bot.id),
            "name": bot.name,
            "icon": None,
            "description": "",
            "summary": "",
            "flags": 0,
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": self._discord.endpoint.public_key,
            "type": None,
            "owner": bot.payload() | {"bot": False},
            "bot": bot.payload(),
            "team": None,
            "redirect_uris": [],
            "interactions_endpoint_url": self._discord.endpoint.url or None,
            "role_connections_verification_url": None,
            "explicit_content_filter": 0,
            "eligible_oauth2_scopes": [],
            "flags_new": "0",
            "approximate_guild_count": sum(guild.bot_is_member for guild in self._discord.guilds),
            "approximate_user_install_count": sum(user.installed_app for user in self._discord.users.values()),
            "approximate_user_authorization_count": 0,
        }

    async def gateway(self, _call: Call) -> Any:
        limits = {"total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": 1}
        return {"url": self._discord.gateway_url, "shards": 1, "session_start_limit": limits}

    async def commands(self, _call: Call, app_id: str) -> Any:
        self._check_app(app_id)
        return self._discord.commands

    async def overwrite_commands(self, call: Call, app_id: str) -> Any:
        self._check_app(app_id)
        check_commands(call.payload)
        kept = {(command["type"], command["name"]): command["id"] for command in self._discord.commands}
        self._discord.commands = [self._registered(command, kept) for command in call.payload]
        return self._discord.commands

    def _check_app(self, app_id: str) -> None:
        if int(app_id) != self._discord.bot.id:
            raise ApiError(403, 20012, "You are not authorized to perform this action on this application")

    def _registered(self, command: dict[str, Any], kept: dict[tuple[int, str], str]) -> dict[str, Any]:
        """The command as Discord keeps it: one of the same name keeps its id."""
        kind = command.get("type", 1)
        return {
            "default_member_permissions": None,
            "nsfw": False,
            "description": "",
            "options": [],
            # left out, Discord takes the guild install and every context but private channels
            "integration_types": [0],
            "contexts": [0, 1],
            **{key: value for key, value in command.items() if value is not None},
            "type": kind,
            "id": kept.get((kind, command["name"])) or str(self._discord.next_id()),
            "application_id": str(self._discord.bot.id),
            "version": str(self._discord.next_id()),
        }
