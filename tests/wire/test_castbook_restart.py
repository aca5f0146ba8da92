"""A process of the bot that ends in the middle: whoever comes next finds everything as it was left."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tests.wire.bot_process import BotProcess, running
from tests.wire.scene import JPEG, PATIENCE, migrated, scene


async def test_sigterm_in_the_middle_of_a_task(tmp_path: Path) -> None:
    async with scene() as show, running(show.discord, show.provider, migrated(tmp_path)) as bot:
        ann, bob = show.person("ann"), show.person("bob")
        card = await show.made(ann, name="Ada")
        form = await (await card.press(ann, "Edit…")).opened(PATIENCE)
        await show.create(bob)
        question = await show.reads(bob, "Yes, I have permission")
        show.provider.hold_at(50)
        await show.create(ann, range="0.5-2", name="Bea")
        await show.discord.wait_for(lambda: len(show.tasks) == 2 and show.provider.looked_at(show.tasks[1]), PATIENCE)

        assert await bot.stop() == 0
        assert not show.discord.gateway.connected
        await bot.start()

        await question.press(bob, "Yes, I have permission")
        await show.says(await ann.submit(form, {"Name": "Ava"}), "“Ada” is now called “Ava”")
        refusal = await (await card.press(bob, "Delete")).replied(PATIENCE)
        assert "These buttons are for the person who started this" in refusal.text
        show.provider.hold_at(None)
        done = await show.reads(ann, "Bea\n")
        assert done.picture().startswith(JPEG)
        assert "Reusable task ID" in done.text

        def all_told() -> bool:
            shown = show.channel.visible_to(show.person("cy"))
            return [message.text.count("Reusable task ID") for message in shown] == [1, 1, 1]

        await show.discord.wait_for(all_told, PATIENCE)
        assert len(show.provider.submissions) == 3, "one for each character"
        assert [message for message in show.channel.visible_to(bob) if "Bea" in message.text] == [done]
        assert len(show.discord.calls("PUT", "/commands$")) == 1, "they are the same commands as before"


async def test_sigkill_makes_nothing_twice(tmp_path: Path) -> None:
    bot_of = partial(BotProcess, folder=migrated(tmp_path), CONSENT__ASK="false")
    async with scene() as show, bot_of(show.discord, show.provider) as bot:
        ann = show.person("ann")
        show.provider.hold_at(50)
        show.provider.speaks.clear()
        await show.create(ann, name="Ada")
        (task,) = await show.discord.wait_for(lambda: show.tasks, PATIENCE)
        await bot.kill()  # between the submission and its answer
        show.provider.speaks.set()
        await bot.start()
        await show.discord.wait_for(lambda: show.provider.looked_at(task), PATIENCE)
        place = f"^/channels/{show.channel.id}/messages"
        await show.reads(ann, "Making the character “Ada”")
        for method in ("POST", "PATCH"):  # a message of its own, or an edit where it is within ten seconds
            show.discord.inject(method, place, times=100, processed=True, drop=True)
        show.provider.hold_at(None)
        card = await show.reads(ann, "Reusable task ID")
        await bot.kill()  # between the message and its answer
        show.discord.rest.forced.clear()
        before = len(show.discord.calls(path=place))
        await bot.start()
        await show.discord.wait_for(
            lambda: any(call.status == 200 for call in show.discord.calls(path=place)[before:]), PATIENCE
        )
        assert await bot.stop() == 0

        assert show.channel.visible_to(ann) == [card]
        assert f"```\n{task.id}\n```" in card.text
        assert len(show.provider.submissions) == 1


async def test_sigkill_while_old_cards_are_changed(tmp_path: Path) -> None:
    """A rename, a deletion and /privacy delete reach the cards in the channel, though each is cut off in the middle."""
    bot_of = partial(BotProcess, folder=migrated(tmp_path), CONSENT__ASK="false")
    async with scene() as show, bot_of(show.discord, show.provider) as bot:
        ann = show.person("ann")
        ada, bea = await show.made(ann, name="Ada"), await show.made(ann, name="Bea", range="0.5-2")
        place = f"^/channels/{show.channel.id}/messages/"

        async def cut_off(method: str) -> None:
            """Kill it once it has tried in vain, and start another one, for which Discord works again."""
            await show.discord.wait_for(lambda: show.discord.calls(method, place), PATIENCE)
            await bot.kill()
            show.discord.rest.forced.clear()
            show.discord.rest.calls.clear()
            await bot.start()

        show.discord.rest.calls.clear()
        show.discord.inject("PATCH", place, times=100, drop=True)
        await show.says(await ann.slash(show.channel, "character rename", {"name": "Bea", "new_name": "Eve"}), "Eve")
        question = await show.says(await ann.slash(show.channel, "character delete", {"name": "Ada"}), "Delete “Ada”")
        await show.says(await question.press(ann, "Delete it"), "I deleted “Ada”")
        assert "Ada" in ada.text
        await cut_off("PATCH")
        await show.discord.wait_for(lambda: ada.text == "This character was deleted by its owner.", PATIENCE)
        assert (ada.files, ada.labels) == ([], [])
        await show.discord.wait_for(lambda: "Eve" in bea.titles, PATIENCE)
        assert "Bea" not in bea.titles
        assert bea.picture().startswith(JPEG)

        show.discord.rest.calls.clear()
        show.discord.inject("DELETE", place, times=100, drop=True)
        question = await show.says(await ann.slash(show.channel, "privacy delete"), "My messages about you")
        await show.says(await question.press(ann, "Delete messages too"), "Everything is deleted")
        assert not bea.deleted
        await cut_off("DELETE")
        await show.discord.wait_for(lambda: bea.deleted, PATIENCE)
        assert not ada.deleted, "nothing of anybody is in it any more"
        assert await bot.stop() == 0
