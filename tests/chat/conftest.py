"""discord.py, logged in for real at the Discord on loopback."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest
import simcord
from discord.http import Route

from bot.chat.courier import DiscordCourier
from bot.chat.operator_alarms import OperatorAlarms
from bot.store.commands import CommandStore
from bot.store.database import Database, database_at
from bot.store.files import FileStore
from bot.store.told_alarms import ToldAlarmStore
from bot.values.job import Job
from tests.chat.bot_harness import BotHarness, a_client
from tests.chat.deliveries import Row, a_row, announced
from tests.chat.one_channel import OPERATORS, OneChannel
from tests.chat.samples import Now, a_job, asked_at
from tests.loopback_discord.server import LoopbackDiscord
from tests.patience import PATIENCE


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
async def loopback(now: Now, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OneChannel]:
    async with LoopbackDiscord(clock=now) as world:
        monkeypatch.setattr(Route, "BASE", world.api_url)
        yield OneChannel(world)


@pytest.fixture
async def client(loopback: OneChannel) -> AsyncIterator[discord.Client]:
    async with discord.Client(
        intents=discord.Intents(guilds=True), allowed_mentions=discord.AllowedMentions.none()
    ) as client:
        await client.login(loopback.discord.token)
        yield client


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


@pytest.fixture
def alarms_kept(tmp_path: Path, migrated: Path) -> Database:
    """Where the courier's alarms are written down; a test in which it tells one opens it."""
    shutil.copy(migrated, tmp_path / "alarms.db")
    return database_at(f"sqlite+aiosqlite:///{tmp_path}/alarms.db")


@pytest.fixture
def alarms(client: discord.Client, now: Now, alarms_kept: Database) -> OperatorAlarms:
    return OperatorAlarms(client, OPERATORS, now, ToldAlarmStore(alarms_kept))


@pytest.fixture
def courier(client: discord.Client, files: FileStore, now: Now, alarms: OperatorAlarms) -> DiscordCourier:
    return DiscordCourier(client, files, clock=now, alarms=alarms)


@pytest.fixture
async def alarms_open(alarms_kept: Database) -> AsyncIterator[None]:
    await alarms_kept.open()
    yield
    await alarms_kept.close()


@pytest.fixture
async def store(tmp_path: Path, migrated: Path) -> AsyncIterator[CommandStore]:
    shutil.copy(migrated, tmp_path / "castbook.db")
    database = database_at(f"sqlite+aiosqlite:///{tmp_path}/castbook.db")
    await database.open()
    yield CommandStore(database)
    await database.close()


@pytest.fixture
async def env(store: CommandStore) -> AsyncIterator[simcord.Env]:
    """simcord's plugin finds it by its type and selects its clock for the test; fixtures have contexts of their own."""
    intents = discord.Intents(guilds=True)
    env = simcord.Env(await a_client(store), shard_count=1, settle_timeout=PATIENCE, approved_intents=intents)
    await env.start()
    yield env
    await env.shutdown()


@pytest.fixture
def bot(env: simcord.Env, store: CommandStore) -> BotHarness:
    guild = env.create_guild()
    alice, bob = (guild.add_member(env.create_user(name)) for name in ("alice", "bob"))
    return BotHarness(env, store, guild.create_text_channel("general"), alice, bob)


@pytest.fixture
def row(loopback: OneChannel, now: Now) -> Row:
    """A public job asked for a minute ago where the bot is a member; everybody sees its progress."""
    return announced(a_row(loopback, now))


@pytest.fixture
def boxed_row(loopback: OneChannel, now: Now) -> Row:
    """A public job of which nobody but its owner has seen anything yet."""
    return a_row(loopback, now)


@pytest.fixture
def private_row(loopback: OneChannel, now: Now) -> Row:
    """A job asked for a minute ago whose result is for its owner alone."""
    return a_row(loopback, now, private=True)


@pytest.fixture
def late_row(row: Row, now: Now) -> Row:
    """The public one, when Discord would still take the token, but we no longer use it."""
    now.pass_by(minutes=13)
    return row


@pytest.fixture
def job(now: Now) -> Job:
    return a_job(asked_at(now()))
