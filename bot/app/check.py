"""The commands check, invite and migrate, which print a line for each thing they did, and end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.metadata import version

import discord

from bot import tracing
from bot.app.build import App
from bot.app.login import interactions_come, log_in
from bot.config import Settings
from bot.errors import BadStart, CastbookError
from bot.provider.client import ToapisClient

SCOPES = ("bot", "applications.commands")
PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    embed_links=True,
    attach_files=True,
    read_message_history=True,
)


async def check(settings: Settings) -> int:
    """Check settings, database, balance and Discord, with a line for each. Returns 0, or 69 if one failed."""
    app = App(settings)
    print("settings   ok")
    results = [
        *([await _line("sites", lambda: _sites(app))] if settings.links.sites else []),
        await _line("database", lambda: _database(app)),
        await _line("files", lambda: _files(app)),
        *([await _line("tracing", lambda: _tracing(settings))] if settings.trace.endpoint else []),
        await _line("provider", lambda: _balance(app)),
        await _line("discord", lambda: _whoami(settings)),
    ]
    return 0 if all(results) else BadStart.exit_code


async def _line(what: str, look: Callable[[], Awaitable[str]]) -> bool:
    try:
        print(f"{what:<10} ok: {await look()}")
    except (BadStart, CastbookError) as error:
        print(f"{what:<10} FAILED: {error}")
        return False
    return True


async def _database(app: App) -> str:
    await app.stores.database.open()
    await app.stores.database.close()
    return "opened, at this version"


async def _files(app: App) -> str:
    await app.stores.files.check()
    await app.stores.files.close()
    return f"written, read and deleted in the {'bucket' if app.stores.files.shared else 'folder'}"


async def _sites(app: App) -> str:
    app.site_videos.expect_reader()
    return f"yt-dlp {version('yt-dlp')} is there for {', '.join(app.settings.links.sites)}"


async def _tracing(settings: Settings) -> str:
    async with tracing.exporting(settings.trace, role="check"):
        return f"OpenTelemetry {version('opentelemetry-sdk')} is there for {settings.trace.endpoint}"


async def _balance(app: App) -> str:
    # With its own rate: the shared one is in the database, which may have failed.
    async with ToapisClient(app.settings.toapis, clock=app.clock) as provider:
        balance = await provider.balance()
    if balance.empty:
        raise BadStart("the key is accepted, but the balance is used up; top it up at ToAPIs.")
    return "the key is accepted; " + ("no limit" if balance.unlimited else f"balance {balance.remaining}")


async def _whoami(settings: Settings) -> str:
    async with await _logged_in(settings) as client:
        come = interactions_come(client.application, settings.discord)
        return f"the token is accepted; logged in as {client.user}; {come}"


async def invite(settings: Settings) -> int:
    "Print the link that invites the bot to a server."
    async with await _logged_in(settings) as client:
        application = client.application_id
    if application is None:
        raise BadStart("Discord names no application for discord.token.")
    print(discord.utils.oauth_url(application, permissions=PERMISSIONS, scopes=SCOPES))
    return 0


async def _logged_in(settings: Settings) -> discord.Client:
    client = discord.Client(intents=discord.Intents(guilds=True))
    await log_in(client, settings.discord)
    return client


async def migrate(settings: Settings) -> int:
    """Migrate the database to this version."""
    app = App(settings)
    print(f"database   {await _database(app)}")
    return 0
