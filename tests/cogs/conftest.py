"""Each test's own house and stage."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest
import simcord

from bot.config import LimitSettings, Settings, load
from bot.store.database import database_at
from tests.cogs.stage import MAX_BYTES, MODELS, House, Stage
from tests.remembered_films import remember_films


@pytest.fixture(scope="session", autouse=True)
def films_are_remembered() -> None:
    remember_films()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with the present schema: made once, because migrations run in a process of their own."""
    folder = tmp_path_factory.mktemp("migrated")

    async def make() -> None:
        database = database_at(f"sqlite+aiosqlite:///{folder}/castbook.db")
        await database.open()
        await database.close()

    asyncio.run(make())
    return folder / "castbook.db"


@pytest.fixture
def limit_settings() -> LimitSettings:
    return LimitSettings(running_per_user=2, per_user_per_day=5, files_mb_per_user=500)


@pytest.fixture
def settings(tmp_path: Path, migrated: Path, limit_settings: LimitSettings) -> Settings:
    """No provider is there: whoever asks one finds nobody."""
    shutil.copy(migrated, tmp_path / "castbook.db")
    environ = {
        "CASTBOOK__DISCORD__TOKEN": "token-for-tests",
        "CASTBOOK__TOAPIS__API_KEY": "key-for-tests",
        "CASTBOOK__TOAPIS__BASE_URL": "http://127.0.0.1:9",
        "CASTBOOK__TOAPIS__MODELS": json.dumps(MODELS),
        "CASTBOOK__STORE__URL": f"sqlite+aiosqlite:///{tmp_path}/castbook.db",
        "CASTBOOK__STORE__FILES": str(tmp_path / "files"),
        "CASTBOOK__LINKS__MAX_BYTES": str(MAX_BYTES),
    }
    return load(None, environ).model_copy(update={"limits": limit_settings})


@pytest.fixture
async def house(tmp_path: Path, settings: Settings) -> AsyncIterator[House]:
    house = House(tmp_path, settings)
    await house.open()
    try:
        yield house
    finally:
        await house.close()


@pytest.fixture
async def env(house: House) -> AsyncIterator[simcord.Env]:
    """simcord's plugin finds it here and selects its clock for the test; fixtures have contexts of their own."""
    env = simcord.Env(house.app.client, shard_count=1, settle_timeout=30, approved_intents=discord.Intents(guilds=True))
    await env.start()
    try:
        yield env
    finally:
        await env.shutdown()


@pytest.fixture
def stage(house: House, env: simcord.Env) -> Stage:
    guild = env.create_guild()
    channel = guild.create_text_channel("general")
    alice = guild.add_member(env.create_user("alice"))
    bob = guild.add_member(env.create_user("bob"))
    return Stage(house, env, channel, alice, bob)
