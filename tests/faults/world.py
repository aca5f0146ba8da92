"""Where a scenario takes place: a Discord, a provider, people who ask, and the bot with its files."""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from bot import limits
from bot.values.clock import utc_now
from tests.faults.bystanders import LENT, Bystander, Importer, Lender, lend_to_server
from tests.faults.cast import KLING, NAMES, PER_SECOND, SECONDS, SORA, VIDU, WAN, add_cast, picture
from tests.faults.life import Bot
from tests.faults.people import Person
from tests.faults.scenario import History, Outcome, Plan, Scenario, Story
from tests.faults.troubles import order
from tests.loopback_discord.places import Channel
from tests.loopback_discord.server import LoopbackDiscord
from tests.remembered_films import remember_films
from tests.wire.bot_process import environment
from tests.wire.scene import Provider, clip, migrated

SECONDS_PER_TASK = 0.3
A_DAY = 86_400.0  # seconds
SITE = "127.0.0.2"  # loopback as well, and no other server has it
SMALL = 100_000  # bytes that a message takes in the story of large videos: fewer than any has, and enough to look at


async def run(plan: Plan, looks: Path) -> Outcome:
    """Open the world, run ``plan`` in it, close it."""
    with tempfile.TemporaryDirectory(prefix="castbook-faults-") as folder:
        async with world(plan, Path(folder), looks) as scenario:
            return await scenario.run()


@asynccontextmanager
async def world(plan: Plan, folder: Path, looks: Path) -> AsyncIterator[Scenario]:
    """A Discord, a provider, people and a bot in ``folder``, nothing of which moves yet."""
    async with (
        LoopbackDiscord(clock=utc_now) as discord,
        Provider(discord, seconds_per_task=SECONDS_PER_TASK, remembers_business_id=plan.remembers) as provider,
        _site() as site,
    ):
        provider.hold_at(50)
        guild = discord.add_guild("studio")
        channel = guild.add_channel("casting")
        if plan.videos:
            remember_films(looks)
            people = _film_makers(plan, discord, provider, channel)
            order(plan.troubles, discord, provider)
        else:
            people = _people(plan, discord, provider, channel, folder)
        if plan.story is Story.LINKS:
            await _give_links(people, site)
        if plan.history in (History.READABLE, History.BLIND):
            discord.nonce_life = -discord.nonce_life
        _shut(plan, channel, people)
        migrated(folder)
        bystanders: list[Bystander] = []
        if plan.videos:
            known_as = [provider.add_character(clip(), picture(1.0)) for _ in NAMES]
            await add_cast(folder, [person.user.id for person in people], known_as)
        if _borrowed(plan):
            lena = discord.add_user("lender", guild)
            await add_cast(folder, [lena.id], [provider.add_character(clip(), picture(3.0))], [LENT])
            lend_to_server(folder, lena.id, guild.id, uses=len(people))
            bystanders.append(
                Lender(lena, channel, folder, videos=len(people), takes_back=plan.story is Story.TAKEN_BACK)
            )
        if plan.story is Story.IMPORT:
            bystanders.append(Importer(discord.add_user("eve", guild), channel, folder))
        environ = environment(
            discord,
            provider,
            folder,
            WEB__PORT="0",
            TOAPIS__SUBMIT_PER_SECOND="50",
            TOAPIS__SHOW_PROGRESS_FOR="100000",
            TOAPIS__VIDEO_PRICES=json.dumps(PER_SECOND),
            LINKS__SITES=f'["{SITE}"]',
            LINKS__TRUSTED_ORIGINS=json.dumps([provider.base_url, site]),
            CONSENT__ASK="true" if plan.story is Story.PICKED else "false",
        )
        bot = Bot(
            folder,
            environ,
            looks=None if plan.real_media else looks,
            last_click=3600.0 if plan.story is Story.PICKED else 0.0,
            small_video=SMALL if plan.story is Story.LARGE else limits.SMALL_VIDEO_BYTES,
            same_nonce=0.0 if plan.history in (History.READABLE, History.BLIND) else 120.0,
        )
        yield Scenario(plan, discord, provider, bot, people, bystanders)


def _people(plan: Plan, discord: LoopbackDiscord, provider: Provider, channel: Channel, folder: Path) -> list[Person]:
    """Somebody with an earlier task, in public; two with a clip, one in private; one who is asked and cancels."""
    guild = channel.guild
    assert guild is not None
    video = folder / "earlier.mp4"
    video.write_bytes(clip())
    task = provider.add_video_task(video)
    seconds = {} if plan.story is Story.PICKED else {"range": "1-3"}

    def file() -> object:
        return discord.file("clip.mp4", clip(), "video/mp4")

    people = [
        Person(discord.add_user("ann", guild), channel, {"task": task, "range": "0.5-2.5", "name": "Ada"}),
        Person(discord.add_user("bob", guild), channel, {"video": file(), "private": True, **seconds}),
        Person(discord.add_user("cleo", guild), channel, {"video": file(), "name": "Cora", **seconds}),
    ]
    people[2].fails = plan.story is Story.REFUSED
    if plan.story is Story.PICKED:
        people.append(Person(discord.add_user("dan", guild), channel, {"video": file(), "private": True}, cancels=True))
    return people


@asynccontextmanager
async def _site() -> AsyncIterator[str]:
    """A page with a player in it, at the origin that it gives."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text='<title>A film</title><video src="/film.mp4"></video>', content_type="text/html")

    async def film(_request: web.Request) -> web.Response:
        return web.Response(body=clip(), content_type="video/mp4")

    app = web.Application()
    app.add_routes([web.get("/watch/1", page), web.get("/film.mp4", film)])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, SITE, 0).start()
        yield f"http://{SITE}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _give_links(people: Sequence[Person], site: str) -> None:
    """The second has a link to an attachment instead, dead for a day; the third a link to the page of a site."""
    _, second, third = people
    third.options = {"link": f"{site}/watch/1", "range": "0.5-2.5", "name": "Cora"}
    discord = second.user.discord
    posted = await second.user.say(second.channel, "look", discord.file("holiday.mp4", clip(), "video/mp4"))
    discord.advance(-2 * A_DAY)
    link = posted.files[0].url
    discord.advance(2 * A_DAY)
    second.options = {name: value for name, value in second.options.items() if name != "video"} | {"link": link}


def _film_makers(plan: Plan, discord: LoopbackDiscord, provider: Provider, channel: Channel) -> list[Person]:
    """Each with a cast of their own, and a model of another family; one in private."""
    people = []
    models = {"ann": WAN if plan.remembers else KLING, "bob": VIDU, "cleo": SORA}
    for name, model in models.items():
        first, second = NAMES
        options = {
            "prompt": f"@{first} waves at @{LENT if _borrowed(plan) else second}",
            "character": first,
            "model": model,
            "duration": SECONDS[model],
        }
        if name == "bob":
            options["private"] = True
        user = discord.add_user(name, channel.guild) if channel.guild else discord.add_user(name)
        people.append(Person(user, channel, options, command="video create"))
    people[2].fails = plan.story in (Story.REFUSED, Story.LENT)
    if plan.story is Story.TAKEN_BACK:
        people[2].last, people[2].before = True, lambda: order(("429 to a request",) * 5, discord, provider)
    if plan.story is Story.LARGE:
        for person in people[1:]:
            person.user.told_limit = discord.file_limit
        discord.file_limit = SMALL
    return people


def _borrowed(plan: Plan) -> bool:
    """Whether somebody else's character plays in the videos."""
    return plan.story in (Story.LENT, Story.TAKEN_BACK)


def _shut(plan: Plan, channel: Channel, people: Sequence[Person]) -> None:
    if plan.history is History.BLIND:
        channel.deny("read_message_history")
    if plan.history is History.SHUT:
        channel.deny("send_messages")
        for person in people:
            person.user.takes_dms = False
