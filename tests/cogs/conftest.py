"""Fixtures: the app of a test, and the simulated Discord around it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest
import simcord

from bot.config import LimitSettings, Settings
from tests.cogs.bot_harness import AppHarness, BotHarness, settings_in
from tests.cogs.remembered_commands import remember_commands
from tests.patience import PATIENCE
from tests.remembered_films import remember_films
from tests.remembered_looks import looks_of_this_run


@pytest.fixture(scope="session", autouse=True)
def films_and_commands_are_remembered(looks_are_kept: None) -> None:
    remember_films(looks_of_this_run())
    remember_commands()


@pytest.fixture
def limit_settings() -> LimitSettings:
    return LimitSettings(running_per_user=2, per_user_per_day=5, files_mb_per_user=500)


@pytest.fixture
def settings(tmp_path: Path, migrated: Path, limit_settings: LimitSettings) -> Settings:
    shutil.copy(migrated, tmp_path / "castbook.db")
    return settings_in(tmp_path, limit_settings)


@pytest.fixture
async def harness(tmp_path: Path, settings: Settings) -> AsyncIterator[AppHarness]:
    harness = AppHarness(tmp_path, settings)
    await harness.open()
    try:
        yield harness
    finally:
        await harness.close()


@pytest.fixture
async def env(harness: AppHarness) -> AsyncIterator[simcord.Env]:
    """simcord's plugin finds it here and selects its clock for the test; fixtures have contexts of their own."""
    env = simcord.Env(
        harness.app.client, shard_count=1, settle_timeout=PATIENCE, approved_intents=discord.Intents(guilds=True)
    )
    await env.start()
    try:
        yield env
    finally:
        await env.shutdown()


@pytest.fixture
def bot(harness: AppHarness, env: simcord.Env) -> BotHarness:
    guild = env.create_guild()
    channel = guild.create_text_channel("general")
    alice = guild.add_member(env.create_user("alice"))
    bob = guild.add_member(env.create_user("bob"))
    return BotHarness(harness, env, channel, alice, bob)
