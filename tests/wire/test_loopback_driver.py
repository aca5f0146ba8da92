"""People in the loopback Discord: what reaches the bot of what they do, and what Discord's own program refuses."""

from __future__ import annotations

import pytest

from tests.loopback_discord.commands import NotPossible
from tests.wire.conftest import FORM, World, command, option


async def test_what_a_person_cannot_do_fails_in_the_test(world: World) -> None:
    elsewhere = world.discord.add_guild("elsewhere", bot_is_member=False)
    room = elsewhere.add_channel("room")
    dan = world.discord.add_user("dan", elsewhere)
    with pytest.raises(NotPossible, match="not shown"):
        await world.cast(dan, room)
    with pytest.raises(NotPossible, match="is not in"):
        await world.cast(world.ann, room)
    with pytest.raises(NotPossible, match="not registered"):
        await world.ann.slash(world.channel, "nothing")
    with pytest.raises(NotPossible, match="no option"):
        await world.ann.slash(world.channel, "cast", {"colour": "red"})


async def test_a_choice_in_a_select(world: World) -> None:
    options = [{"label": each, "value": each} for each in ("new", "name")]
    select = {"type": 3, "custom_id": "cb:sort", "placeholder": "Sort", "options": options}
    interaction = await world.cast()
    await world.bot.answer(interaction, 4, {"content": "x", "components": [{"type": 1, "components": [select]}]})
    await world.bot.event("INTERACTION_CREATE")
    await world.ann.select(interaction.answer, "Sort", "name")
    assert (await world.bot.event("INTERACTION_CREATE"))["data"]["values"] == ["name"]
    with pytest.raises(NotPossible, match="none of"):
        await world.ann.select(interaction.answer, "Sort", "age")


async def test_a_message_menu_brings_the_whole_message(world: World) -> None:
    post = await world.bob.say(world.channel, "look", world.discord.file("clip.mp4", b"film", duration_secs=4.0))
    interaction = await world.ann.menu(post, "Make a character")
    data = (await world.bot.event("INTERACTION_CREATE"))["data"]
    target = data["resolved"]["messages"][data["target_id"]]
    assert (target["content"], target["attachments"][0]["filename"]) == ("look", "clip.mp4")
    assert target["attachments"][0]["duration_secs"] == 4.0
    await world.bot.answer(interaction, 9, FORM)
    form = await interaction.opened()
    with pytest.raises(NotPossible, match="New name"):
        await world.ann.submit(form, {})
    await world.ann.submit(form, {"New name": "Zoe"})
    submitted = await world.bot.event("INTERACTION_CREATE")
    assert submitted["type"] == 5
    row = {"type": 1, "id": 1, "components": [{"type": 4, "id": 2, "custom_id": "name", "value": "Zoe"}]}
    assert submitted["data"] == {"custom_id": "cbf:name", "components": [row]}


async def test_options_are_checked_before_they_are_sent(world: World) -> None:
    options = [
        option("video", 11, required=True),
        option("range", 3, min_length=2, max_length=5),
        option("model", 3, choices=[{"name": "A", "value": "a"}]),
        option("count", 4, min_value=1, max_value=3),
        option("private", 5),
    ]
    by_hand = option("by", 2, options=[option("hand", 1, options=options)])
    path = f"/applications/{world.discord.bot.id}/commands"
    await world.bot.call("PUT", path, [command("character", options=[by_hand])])
    film = world.discord.file("clip.mp4", b"film")
    for bad in (
        {},
        {"video": "film"},
        {"video": film, "range": "1"},
        {"video": film, "range": "1 to 33"},
        {"video": film, "model": "b"},
        {"video": film, "count": 0},
        {"video": film, "count": 4},
        {"video": film, "count": True},
        {"video": film, "private": "yes"},
    ):
        with pytest.raises(NotPossible):
            await world.ann.slash(world.channel, "character by hand", bad)
    for incomplete in ("character", "character by", "character by foot"):
        with pytest.raises(NotPossible):
            await world.ann.slash(world.channel, incomplete, {"video": film})
    given = {"video": film, "range": "1,3", "private": True}
    await world.ann.slash(world.channel, "character by hand", given)
    data = (await world.bot.event("INTERACTION_CREATE"))["data"]
    by = data["options"][0]
    hand = by["options"][0]
    assert [(by["name"], by["type"]), (hand["name"], hand["type"])] == [("by", 2), ("hand", 1)]
    video, *others = hand["options"]
    assert data["resolved"]["attachments"][video["value"]]["filename"] == "clip.mp4"
    assert others == [
        {"name": "range", "type": 3, "value": "1,3"},
        {"name": "private", "type": 5, "value": True},
    ]
