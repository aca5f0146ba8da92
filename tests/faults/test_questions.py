"""A question to the person in a clip that a kill cuts off may be asked again, and one that was sent may not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.points import Kill
from tests.faults.scenario import Plan
from tests.faults.world import world
from tests.loopback_discord.messages import Message
from tests.remembered_looks import looks_of_this_run
from tests.wire.scene import PATIENCE


@pytest.mark.parametrize(
    ("point", "messages"),
    [("bot.discord.open_dm", 1), ("bot.discord.post", 1), ("bot.commit.PersonConsentStore.sent", 2)],
)
async def test_a_question_that_a_kill_cut_off_is_asked_when_it_is_wanted_again(
    tmp_path: Path, point: str, messages: int
) -> None:
    async with world(Plan(videos=True), tmp_path, looks_of_this_run()) as scenario:
        bot, discord, [ann, bob, _] = scenario.bot, scenario.discord, scenario.people
        wish = {"name": "Ada", "person": bob.user}

        async def asks_and_reads(words: str) -> None:
            await discord.wait_for(lambda: discord.gateway.connected, PATIENCE)
            command = await ann.user.slash(ann.channel, "character ask-consent", wish)

            def told() -> bool:
                return any(each is not None and words in each.text for each in (command.original, *command.followups))

            await discord.wait_for(told, PATIENCE)

        def questions() -> list[Message]:
            return [each for each in bob.user.dms() if "May this character of you be used?" in each.text]

        bot.arm()
        bot.start(Kill(point, "before"))
        await discord.wait_for(lambda: discord.gateway.connected, PATIENCE)
        await ann.user.slash(ann.channel, "character ask-consent", wish)
        assert await bot.ended() < 0
        await discord.wait_for(lambda: not discord.gateway.connected, PATIENCE)
        bot.start()
        await asks_and_reads("You already asked them")  # that may be under way: nobody knows yet
        with closing(sqlite3.connect(bot.folder / "castbook.db")) as database, database:
            database.execute("UPDATE person_consents SET asked_at = asked_at - 60000000")
        await asks_and_reads("I asked")
        assert len(questions()) == messages
        await asks_and_reads("You already asked them")
        await questions()[-1].press(bob.user, "Yes, that's fine")
        await discord.wait_for(lambda: any("said yes" in each.text for each in ann.user.dms()), PATIENCE)
        await bot.kill()
