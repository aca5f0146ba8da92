"""/character edit and default, and the groups: what a person changes in their cast, also across a restart."""

from __future__ import annotations

from typing import Any

from bot import limits
from bot.values.character import clean_note
from cogs.character.edit_form import AS_IT_IS
from tests.cards import titles
from tests.cogs.bot_harness import PICTURE, BotHarness, labels, refusal, words
from tests.cogs.test_character_cast import shown


def filled(form: Any) -> dict[str, Any]:
    """What stands in each field of an open form: its text, or what is chosen."""
    assert form.modal is not None
    fields = [line["component"] for line in form.modal["components"]]
    return {
        each["custom_id"]: each.get("value")
        if "options" not in each
        else [option["label"] for option in each["options"] if option.get("default")]
        for each in fields
    }


async def test_one_form_has_all_and_is_answered_after_a_restart(bot: BotHarness) -> None:
    files = tuple([await bot.harness.files.put_bytes(bot.alice.id, part, "image/jpeg") for part in (b"c", b"s1")])
    duck = await bot.harness.character(bot.alice.id, "Duck", portable=files)
    form = await bot.alice.slash(bot.channel, "character edit", name="duck")
    assert filled(form) | {"picture": None} == {"name": "Duck", "note": None, "tags": None, "picture": None}
    await bot.restart()
    note = "Likes **bread** @everyone\nand \u202erain"
    answer = shown(
        await bot.alice.submit_modal(
            form, {"name": "Duck", "note": note, "tags": "#bird, Wet, BIRD", "picture": [AS_IT_IS]}
        )
    )
    assert words(answer) == "I saved what you changed about “Duck”."
    changed = await bot.harness.characters.get(bot.alice.id, duck.id)
    assert changed is not None
    assert (changed.note, changed.tags) == ("Likes **bread** @everyone\nand rain", ("bird", "Wet"))
    again = await bot.alice.slash(bot.channel, "character edit", name="Duck")
    assert filled(again) | {"picture": None} == {
        "name": "Duck",
        "note": changed.note,
        "tags": "bird, Wet",
        "picture": None,
    }
    same = {"name": "Duck", "note": changed.note, "tags": "bird, Wet", "picture": [AS_IT_IS]}
    assert words(shown(await bot.alice.submit_modal(again, same))) == "Nothing has changed."
    card = words(shown(await bot.alice.slash(bot.channel, "character show", name="Duck")))
    assert "`bird` `Wet`" in card
    assert "> Likes \\*\\*bread\\*\\* @\u200beveryone\n> and rain" in card
    found = shown(await bot.alice.slash(bot.channel, "character list", search="bread"))
    assert titles(found) == ["Duck"]


async def test_a_new_name_that_is_taken_loses_nothing_else(bot: BotHarness) -> None:
    await bot.harness.character(bot.alice.id, "Goose", picture=None)
    duck = await bot.harness.character(bot.alice.id, "Duck", picture=None)
    form = await bot.alice.slash(bot.channel, "character edit", name="Duck")
    question = shown(await bot.alice.submit_modal(form, {"name": "Goose", "note": "kept", "tags": ""}))
    assert labels(question) == ["Use “Goose 2”", "Another name…"]
    changed = await bot.harness.characters.get(bot.alice.id, duck.id)
    assert changed is not None
    assert (changed.name, changed.note) == ("Duck", "kept")


async def test_a_still_takes_the_place_of_the_picture(bot: BotHarness) -> None:
    harness, owner = bot.harness, bot.alice.id
    still = await harness.files.put_bytes(owner, b"the still", "image/jpeg")
    clip = await harness.files.put_bytes(owner, b"the clip", "video/mp4")
    duck = await harness.character(owner, "Duck", portable=(clip, still), picture=PICTURE)
    assert duck.picture is not None
    its = await harness.characters.reference_set(owner, duck.id)
    described = await harness.characters.describe(owner, duck.id, note="", tags=(), picture_sha256=its[-1].file.sha256)
    assert described is not None
    assert described.character.picture == its[-1].file
    assert described.character.picture_is_still
    other = await harness.characters.describe(owner, duck.id, note="", tags=(), picture_sha256="0" * 64)
    assert other is not None
    assert other.character.picture == its[-1].file, "what is none of its stills changes nothing"


def test_a_note_keeps_its_lines_and_nothing_that_reorders() -> None:
    assert clean_note(" a\r\nb\u202e\x00c\n\n") == "a\nbc"
    assert len(clean_note("x" * 999)) == limits.NOTE_LENGTH


async def test_groups_are_made_filled_shown_renamed_and_deleted(bot: BotHarness) -> None:
    for name in ("Duck", "Goose"):
        await bot.harness.character(bot.alice.id, name, picture=None)

    async def say(command: str, **options: str) -> str:
        return words(shown(await bot.alice.slash(bot.channel, f"group {command}", **options)))

    assert "You have no groups yet" in await say("show")
    assert await say("create", name="Birds", character="Duck") == "I made the group “Birds” with “Duck” in it."
    assert await say("add", group="birds", character="goose") == "“Goose” is now in “Birds”."
    assert await say("add", group="birds", character="goose") == "“Goose” is already in “Birds”."
    assert "**Birds** · 2 characters" in await say("show")
    faces = shown(await bot.alice.slash(bot.channel, "group show", group="Birds"))
    assert titles(faces)[0] == "Birds"
    assert "Characters in this group: 2." in words(faces)
    assert await say("remove", group="Birds", character="Duck") == "“Duck” is no longer in “Birds”."
    assert await say("remove", group="Birds", character="Duck") == "“Duck” is not in “Birds”."
    assert await say("rename", group="Birds", new_name="Geese") == "The group “Birds” is now called “Geese”."
    offered = await bot.alice.autocomplete(bot.channel, "group show", "group", "gé")
    assert [each["value"] for each in offered] == ["Geese"]
    listed = shown(await bot.alice.slash(bot.channel, "group show"))
    await bot.restart()
    (group,) = await bot.harness.groups.all(bot.alice.id)
    opened = await bot.alice.select(listed, [str(group.id)], custom_id=f"cb:groups:open:all:{bot.alice.id}")
    assert "Goose" in "".join(words(each) for each in (opened.response, *opened.followups) if each is not None)
    assert "still in your cast" in await say("delete", group="Geese")
    assert "no group called “Geese”" in refusal(await bot.alice.slash(bot.channel, "group show", group="Geese"))
    unknown = await bot.alice.slash(bot.channel, "group create", name="Empty", character="Swan")
    assert "no character called “Swan”" in refusal(unknown)
    assert await bot.harness.groups.all(bot.alice.id) == [], "a wrong name makes no group"


async def test_all_groups_that_there_can_be_stand_on_pages_and_each_can_be_opened(bot: BotHarness) -> None:
    for number in range(limits.GROUPS):
        await bot.harness.groups.create(bot.alice.id, f"Group {number:02}", now=bot.harness.now)
    listed = shown(await bot.alice.slash(bot.channel, "group show"))
    first = words(listed)
    assert (first.count("**Group"), "1–25 of 50" in first) == (25, True)
    await bot.alice.click(listed, label="Next")
    second = words(listed)
    assert (second.count("**Group"), "26–50 of 50" in second) == (25, True)
    last = (await bot.harness.groups.all(bot.alice.id))[-1]
    duck = await bot.harness.character(bot.alice.id, "Duck", picture=None)
    await bot.harness.groups.add(bot.alice.id, last.id, duck.id)
    assert f"**{last.name}**" in second
    opened = await bot.alice.select(listed, [str(last.id)], custom_id=f"cb:groups:open:all:{bot.alice.id}")
    assert "Duck" in "".join(words(each) for each in (opened.response, *opened.followups) if each is not None)
    await bot.alice.click(listed, label="Previous")
    assert "1–25 of 50" in words(listed)
    for group in (await bot.harness.groups.all(bot.alice.id))[20:]:
        await bot.harness.groups.delete(bot.alice.id, group.id)
    await bot.alice.click(listed, label="Next")
    assert (words(listed).count("**Group"), "Groups: 20." in words(listed)) == (20, True), "what is left of it"


async def test_the_default_of_a_server_is_chosen_and_taken_away(bot: BotHarness) -> None:
    await bot.harness.character(bot.alice.id, "Duck", picture=None)

    async def say(**options: str) -> str:
        return words(shown(await bot.alice.slash(bot.channel, "character default", **options)))

    assert "You had no default character here" in await say()
    assert await say(name="duck") == "“Duck” is now in your videos here whenever you don't name anyone."
    chosen = await bot.harness.defaults.get(bot.alice.id, bot.alice.guild.id)
    assert chosen is not None
    assert chosen.name == "Duck"
    assert await bot.harness.defaults.get(bot.bob.id, bot.alice.guild.id) is None
    assert await say() == "“Duck” is no longer your default character here."
    assert await bot.harness.defaults.get(bot.alice.id, bot.alice.guild.id) is None
