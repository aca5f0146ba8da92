"""Where processes are killed: a Discord, a provider, people who ask, a PostgreSQL, and a place for each role."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.app.roles import Role, Shards
from bot.values.clock import utc_now
from tests.faults.cast import KLING, NAMES, PER_SECOND, SECONDS, SORA, VIDU, WAN, add_cast, picture
from tests.faults.people import Person
from tests.faults.processes import RoleProcess
from tests.faults.shared_plan import WEB, WORKERS, SharedPlan
from tests.faults.webhooks import SECRET
from tests.loopback_discord.places import Channel
from tests.loopback_discord.server import LoopbackDiscord
from tests.postgres_cluster import Cluster
from tests.postgres_databases import Databases
from tests.remembered_films import remember_films
from tests.wire.bot_process import environment
from tests.wire.scene import Provider, clip

_NAMES = ("ann", "bob", "cleo", "dan", "eve", "fay")  # who want characters
_DIRECTORS = {"gil": WAN, "hal": KLING, "ida": VIDU, "jon": SORA}  # who want videos, each by another model


@dataclass(frozen=True)
class Lane:
    """A cluster in which one scenario comes after the other, for any of them may kill it. ``looks``: remembered ones.

    ``lease``: for how long jobs are leased.
    """

    cluster: Cluster
    databases: Databases
    looks: Path
    lease: timedelta


@dataclass
class SharedWorld:
    """Nothing of it moves yet. ``url``: of the database; ``files``: the folder of all processes."""

    discord: LoopbackDiscord
    provider: Provider
    cluster: Cluster
    url: str
    files: Path
    people: list[Person]
    processes: dict[str, RoleProcess]
    sweeper: RoleProcess


@asynccontextmanager
async def shared_world(plan: SharedPlan, folder: Path, lane: Lane, *, people: int) -> AsyncIterator[SharedWorld]:
    """Open it, with so many ``people``; close it."""
    url = lane.databases.new()
    try:
        async with (
            LoopbackDiscord(clock=utc_now) as discord,
            Provider(discord, seconds_per_task=plan.seconds_per_task, remembers_business_id=plan.remembers) as provider,
        ):
            remember_films(lane.looks)
            guild = discord.add_guild("studio")
            asking = _people(plan, discord, provider, guild.add_channel("casting"), folder)
            directors = [person.user.id for person in asking if person.command == "video create"]
            known_as = [provider.add_character(clip(), picture(1.0)) for _ in NAMES]
            await add_cast(folder, directors, known_as, url=url)
            common = {
                "STORE__URL": url,
                "STORE__FILES": str(folder / "files"),
                "DISCORD__PUBLIC_KEY": discord.endpoint.public_key,
                "TOAPIS__WEBHOOK_SECRETS": json.dumps([SECRET]),
                "TOAPIS__SUBMIT_PER_SECOND": "50",
                "TOAPIS__SHOW_PROGRESS_FOR": "100000",
                "TOAPIS__VIDEO_PRICES": json.dumps(PER_SECOND),
                "LINKS__TRUSTED_ORIGINS": json.dumps([provider.base_url]),
                "CONSENT__ASK": "true" if plan.asks else "false",
            }

            def process(name: str, role: Role) -> RoleProcess:
                environ = environment(discord, provider, folder, **common, WEB__PORT="0")
                shards = Shards((0,), 1) if role is Role.GATEWAY else None
                return RoleProcess(
                    name, role, folder / name, environ, looks=lane.looks, lease=lane.lease, shards=shards
                )

            places = dict.fromkeys(plan.fronts, Role.HTTP if plan.over_http else Role.GATEWAY)
            places |= dict.fromkeys(WORKERS, Role.WORKER) | {WEB: Role.WEB}
            yield SharedWorld(
                discord,
                provider,
                lane.cluster,
                url,
                folder / "files",
                _some(asking, people),
                {name: process(name, role) for name, role in places.items()},
                process("sweeper", Role.WORKER),
            )
    finally:
        lane.databases.drop(url)


def _some(people: Sequence[Person], count: int) -> list[Person]:
    """As many of them, with somebody who wants a video after each who wants a character, as long as there are any."""
    makers = [person for person in people if person.command != "video create"]
    directors = [person for person in people if person.command == "video create"]
    mixed = [person for pair in zip(makers, directors, strict=False) for person in pair]
    return [*mixed, *makers[len(directors) :]][:count]


def _people(
    plan: SharedPlan, discord: LoopbackDiscord, provider: Provider, channel: Channel, folder: Path
) -> list[Person]:
    guild = channel.guild
    assert guild is not None
    earlier = folder / "earlier.mp4"
    earlier.write_bytes(clip())
    task = provider.add_video_task(earlier)
    people = []
    for number, name in enumerate(_NAMES):
        asked = plan.asks and number % 2  # which seconds
        options: dict[str, Any] = (
            {"name": f"{name.title()} of {number}"} if asked else {"name": name.title(), "range": "0.5-2.5"}
        )
        options |= {"task": task} if number == 0 else {"video": discord.file("clip.mp4", clip(), "video/mp4")}
        if number % 3 == 1:
            options["private"] = True
        people.append(Person(discord.add_user(name, guild), channel, options))
    for name, model in _DIRECTORS.items():
        first, second = NAMES
        options = {"prompt": f"@{first} waves at @{second}", "character": first, "model": model}
        options |= {"duration": SECONDS[model]} | ({"private": True} if model == VIDU else {})
        people.append(Person(discord.add_user(name, guild), channel, options, command="video create"))
    return people
