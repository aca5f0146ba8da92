"""/character list, show, rename, delete, and their buttons: one's own cast and nobody else's."""

from __future__ import annotations

import asyncio
import io
import json
import time
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import discord
import pytest
from PIL import Image
from simcord import InteractionResult, ResponseMessage

from bot import limits
from bot.chat.render_character import render_result
from bot.chat.render_use import render_use
from bot.provider.models.body import body_problems
from bot.provider.models.catalogue import CARDS
from bot.provider.models.manual_request import manual_request
from bot.store.characters import Deleted
from bot.values.character import Character
from tests.cards import media, parts, said, titles
from tests.cogs.bot_harness import MODELS, PICTURE, BotHarness, labels, refusal, words


def shown(result: InteractionResult) -> ResponseMessage:
    assert result.response is not None
    assert result.response.ephemeral
    return result.response


async def names(bot: BotHarness, owner_id: int) -> list[str]:
    return sorted(await bot.harness.cast.names(owner_id, ""))


# -- list -----------------------------------------------------------------------------------------------------------


async def test_an_empty_cast_says_how_to_begin(bot: BotHarness) -> None:
    message = shown(await bot.alice.slash(bot.channel, "character list"))
    assert "Your cast is empty" in words(message)
    assert "with </character create:" in words(message)
    assert labels(message) == []


async def test_the_list_has_pictures_and_a_button_that_opens_each(bot: BotHarness) -> None:
    for name in ("Duck", "*Bold*"):
        await bot.harness.character(bot.alice.id, name, picture=PICTURE + name.encode())
    message = shown(await bot.alice.slash(bot.channel, "character list"))
    assert titles(message) == [r"\*Bold\*", "Duck"]
    assert [await each.read() for each in message.attachments] == [PICTURE + b"*Bold*", PICTURE + b"Duck"]
    assert media(message) == [each.url for each in message.attachments]
    said = words(message)
    assert "sora-2 · 0:01–0:03 · made <t:" in said
    assert "used" not in said, "there is no command yet that uses one in a video"
    assert "Characters in your cast: 2." in said
    assert "duck.sings" not in said
    assert labels(message) == ["Open", "Use in a video"] * 2
    (_, duck) = [part["custom_id"] for part in parts(message) if part.get("label") == "Open"]
    opened = await bot.alice.click(message, custom_id=duck)
    (card,) = [each for each in (opened.response, *opened.followups) if each is not None and each.id != message.id]
    assert card.ephemeral
    assert titles(card)[0] == "Duck"
    assert {"Edit…", "Delete"} <= set(labels(card))
    await bot.harness.characters.delete(bot.alice.id, int(duck.split(":")[3]))
    gone = await bot.alice.click(message, custom_id=duck)
    assert "no longer in your cast" in refusal(gone)


async def test_pages_are_turned_in_place_also_after_a_restart(bot: BotHarness) -> None:
    for number in range(25):
        await bot.harness.character(bot.alice.id, f"Duck {number:02}", picture=None)
    first = shown(await bot.alice.slash(bot.channel, "character list", sort="name"))
    assert labels(first) == [*(f"Duck {number:02}" for number in range(12)), "Next"]
    second = shown(await bot.alice.click(first, label="Next"))
    assert second.id == first.id
    assert labels(second) == [*(f"Duck {number}" for number in range(12, 24)), "Previous", "Next"]
    assert "Showing 13–24 of 25" in words(second)
    await bot.restart()
    last = shown(await bot.alice.click(second, label="Next"))
    assert labels(last) == ["Duck 24", "Previous"]
    again = shown(await bot.alice.click(last, label="Previous"))
    assert labels(again)[0] == "Duck 12"


async def test_a_page_that_is_gone_shows_the_last_there_is(bot: BotHarness) -> None:
    made = [await bot.harness.character(bot.alice.id, f"Duck {number:02}", picture=None) for number in range(13)]
    first = shown(await bot.alice.slash(bot.channel, "character list", sort="name"))
    await bot.harness.characters.delete(bot.alice.id, made[12].id)
    after = shown(await bot.alice.click(first, label="Next"))
    assert labels(after) == [f"Duck {number:02}" for number in range(12)]


async def test_a_search_stays_while_pages_are_turned(bot: BotHarness) -> None:
    for number in range(13):
        await bot.harness.character(bot.alice.id, f"Duck: {number:02}", picture=None)
    await bot.harness.character(bot.alice.id, "Goose", picture=None)
    first = shown(await bot.alice.slash(bot.channel, "character list", search="duck:", sort="name"))
    second = shown(await bot.alice.click(first, label="Next"))
    assert labels(second) == ["Duck: 12", "Previous"]


async def test_the_longest_search_fits_into_the_buttons(bot: BotHarness) -> None:
    for _ in range(13):
        await bot.harness.character(bot.alice.id, "ß" * 32, picture=None)
    result = await bot.alice.slash(bot.channel, "character list", search="ß" * 28)
    assert labels(shown(result))[-1:] == ["Next"]
    result = await bot.alice.slash(bot.channel, "character list", search="x" * 100)
    assert "No match for" in words(shown(result))


async def test_a_grid_shows_the_faces_of_a_row_in_one_picture(bot: BotHarness) -> None:
    """Real pictures, small ones made of them, kept until somebody wants them again; one is damaged, one is lost."""
    for number in range(4):
        picture = a_png(number) if number else b"\x89PNG damaged"
        await bot.harness.character(bot.alice.id, f"Duck {number}", picture=picture)
    lost = await bot.harness.character(bot.alice.id, "Duck 4", picture=a_png(4))
    assert lost.picture is not None
    await bot.harness.files.delete(lost.picture.key)
    message = shown(await bot.alice.slash(bot.channel, "character list", sort="name"))
    assert labels(message) == [f"Duck {number}" for number in range(5)]
    rows = [Image.open(io.BytesIO(await each.read())) for each in message.attachments]
    assert [row.size for row in rows] == [(784, 256)] * 2
    first, second = (row.convert("RGBA") for row in rows)
    assert close(first.getpixel((392, 128)), (40, 160, 80, 255))
    assert close(first.getpixel((656, 128)), (80, 160, 80, 255))
    assert close(first.getpixel((5, 5)), (74, 77, 84, 255))  # nobody
    assert close(second.getpixel((656, 128)), (0, 0, 0, 0))  # there are two in that row
    assert not list((bot.harness.folder / "files" / "work").iterdir())
    for file in (bot.harness.folder / "files" / str(bot.alice.id)).iterdir():
        file.unlink()
    again = shown(await bot.alice.slash(bot.channel, "character list", sort="name"))
    assert [await each.read() for each in again.attachments] == [await each.read() for each in message.attachments]
    theirs = shown(await bot.bob.slash(bot.channel, "character list"))
    assert theirs.attachments == []


def a_png(number: int) -> bytes:
    into = io.BytesIO()
    Image.new("RGB", (300, 400), (40 * number, 160, 80)).save(into, "PNG")
    return into.getvalue()


def close(pixel: object, wanted: tuple[int, ...]) -> bool:
    assert isinstance(pixel, tuple)
    if not wanted[3]:
        return pixel[3] == 0
    return all(abs(one - other) <= 12 for one, other in zip(pixel, wanted, strict=True))


async def test_a_picture_that_is_lost_costs_only_the_picture(bot: BotHarness) -> None:
    duck = await bot.harness.character(bot.alice.id, "Duck")
    assert duck.picture is not None
    await bot.harness.files.delete(duck.picture.key)
    message = shown(await bot.alice.slash(bot.channel, "character list"))
    assert titles(message) == ["Duck"]
    assert message.attachments == []


async def test_pictures_that_do_not_fit_into_one_message_are_left_out(bot: BotHarness) -> None:
    half = 13 * 1024 * 1024  # of the 25 MB that the simulated Discord takes
    await bot.harness.character(bot.alice.id, "Large", picture=b"\x89PNG" + bytes(half))
    await bot.harness.character(bot.alice.id, "Larger", picture=b"\x89PNG!" + bytes(half))
    message = shown(await bot.alice.slash(bot.channel, "character list"))
    assert titles(message) == ["Larger", "Large"]
    assert len(message.attachments) == 1


async def test_a_stranger_sees_their_own_list(bot: BotHarness) -> None:
    await bot.harness.character(bot.alice.id, "Duck", picture=None)
    theirs = shown(await bot.bob.slash(bot.channel, "character list"))
    assert "Your cast is empty" in words(theirs)


# -- autocomplete ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["character show", "character edit", "character delete"])
async def test_names_are_completed_over_ones_own_cast_only(bot: BotHarness, command: str) -> None:
    for number in range(27):
        await bot.harness.character(bot.alice.id, f"Duck {number}", picture=None)
    await bot.harness.character(bot.bob.id, "Duck of Bob", picture=None)
    offered = await bot.alice.autocomplete(bot.channel, command, "name", "duck")
    assert len(offered) == 25
    assert all(choice["value"].startswith("Duck ") and "Bob" not in choice["value"] for choice in offered)
    assert await bot.alice.autocomplete(bot.channel, command, "name", "goose") == []
    theirs = await bot.bob.autocomplete(bot.channel, command, "name", "")
    assert [choice["value"] for choice in theirs] == ["Duck of Bob"]


# -- show -----------------------------------------------------------------------------------------------------------


async def test_show_has_picture_task_username_and_buttons_for_the_owner_alone(bot: BotHarness) -> None:
    duck = await bot.harness.character(bot.alice.id, "Duck")
    message = shown(await bot.alice.slash(bot.channel, "character show", name="dUCK"))
    said = words(message)
    assert f"```\n{duck.task_id}\n```" in said
    assert "duck.sings" in said
    assert [await each.read() for each in message.attachments] == [PICTURE]
    assert labels(message) == ["Use in a video", "Edit…", "Lend…", "Delete"]


async def test_show_without_a_picture_is_still_a_card(bot: BotHarness) -> None:
    await bot.harness.character(bot.alice.id, "Duck", picture=None)
    message = shown(await bot.alice.slash(bot.channel, "character show", name="Duck"))
    assert message.attachments == []
    assert labels(message) == ["Use in a video", "Edit…", "Lend…", "Delete"]


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("character show", {}),
        ("character rename", {"new_name": "Mine"}),
        ("character edit", {}),
        ("character default", {}),
        ("character delete", {}),
    ],
)
async def test_somebody_elses_character_is_answered_like_an_unknown_one(
    bot: BotHarness, command: str, options: dict[str, str]
) -> None:
    await bot.harness.character(bot.alice.id, "Duck")
    theirs = refusal(await bot.bob.slash(bot.channel, command, name="Duck", **options))
    unknown = refusal(await bot.bob.slash(bot.channel, command, name="Swan", **options))
    assert theirs.replace("Duck", "Swan") == unknown
    assert "no character called “Swan”" in unknown
    assert await names(bot, bot.alice.id) == ["Duck"]


# -- rename ---------------------------------------------------------------------------------------------------------


async def test_rename_says_the_new_name(bot: BotHarness) -> None:
    await bot.harness.character(bot.alice.id, "Duck")
    message = shown(await bot.alice.slash(bot.channel, "character rename", name="Duck", new_name=" Sir  Duck "))
    assert words(message) == "“Duck” is now called “Sir Duck”."
    assert await names(bot, bot.alice.id) == ["Sir Duck"]


async def test_a_name_that_is_taken_is_asked_about(bot: BotHarness) -> None:
    await bot.harness.character(bot.alice.id, "Duck")
    await bot.harness.character(bot.alice.id, "Goose")
    question = shown(await bot.alice.slash(bot.channel, "character rename", name="Goose", new_name="DUCK"))
    assert "You already have a character called “DUCK”. What should I call this one?" in words(question)
    assert labels(question) == ["Use “DUCK 2”", "Another name…"]
    assert await names(bot, bot.alice.id) == ["Duck", "Goose"], "nothing is renamed before the answer"
    await bot.restart()
    done = shown(await bot.alice.click(question, label="Use “DUCK 2”"))
    assert done.id == question.id
    assert words(done) == "“Goose” is now called “DUCK 2”."
    assert labels(done) == []


async def test_another_name_is_typed_over_the_one_that_is_taken(bot: BotHarness) -> None:
    await bot.harness.character(bot.alice.id, "Duck")
    await bot.harness.character(bot.alice.id, "Goose")
    question = shown(await bot.alice.slash(bot.channel, "character rename", name="Goose", new_name="Duck"))
    form = await bot.alice.click(question, label="Another name…")
    assert typed_in(form) == "Duck"
    again = shown(await bot.alice.submit_modal(form, {"name": "duck "}))
    assert again.id == question.id
    assert labels(again) == ["Use “duck 2”", "Another name…"]
    form = await bot.alice.click(again, label="Another name…")
    done = shown(await bot.alice.submit_modal(form, {"name": "Swan"}))
    assert (done.id, words(done)) == (question.id, "“Goose” is now called “Swan”.")


async def test_an_offered_name_that_was_taken_meanwhile_is_asked_about_again(bot: BotHarness) -> None:
    await bot.harness.character(bot.alice.id, "Duck")
    await bot.harness.character(bot.alice.id, "Goose")
    question = shown(await bot.alice.slash(bot.channel, "character rename", name="Goose", new_name="Duck"))
    await bot.harness.character(bot.alice.id, "Duck 2")
    again = shown(await bot.alice.click(question, label="Use “Duck 2”"))
    assert labels(again) == ["Use “Duck 2 2”", "Another name…"]
    assert await names(bot, bot.alice.id) == ["Duck", "Duck 2", "Goose"]


async def test_what_is_deleted_while_it_is_renamed_is_an_unknown_one(
    bot: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bot.harness.character(bot.alice.id, "Duck")
    real = bot.harness.characters.by_name

    async def then_gone(owner_id: int, name: str) -> Character | None:
        found = await real(owner_id, name)
        assert found is not None
        await bot.harness.characters.delete(owner_id, found.id)
        return found

    monkeypatch.setattr(bot.harness.characters, "by_name", then_gone)
    result = await bot.alice.slash(bot.channel, "character rename", name="Duck", new_name="Drake")
    assert "no character called “Duck”" in refusal(result)


async def test_an_invisible_name_is_refused_at_once(bot: BotHarness) -> None:
    await bot.harness.character(bot.alice.id, "Duck")
    result = await bot.alice.slash(bot.channel, "character rename", name="Duck", new_name="\u200e\u202e")
    assert not result.deferred
    assert "no visible character" in refusal(result)
    assert await names(bot, bot.alice.id) == ["Duck"]


async def test_the_edit_form_works_across_a_restart(bot: BotHarness) -> None:
    await bot.harness.character(bot.alice.id, "Duck")
    card = shown(await bot.alice.slash(bot.channel, "character show", name="Duck"))
    await bot.restart()
    form = await bot.alice.click(card, label="Edit…")
    assert form.modal is not None
    await bot.restart()
    (answer,) = (await bot.alice.submit_modal(form, {"name": "Drake"})).followups
    assert words(answer) == "“Duck” is now called “Drake”."
    assert await names(bot, bot.alice.id) == ["Drake"]


async def test_the_edit_form_begins_with_the_present_name(bot: BotHarness) -> None:
    await bot.harness.character(bot.alice.id, "Duck")
    card = shown(await bot.alice.slash(bot.channel, "character show", name="Duck"))
    form = await bot.alice.click(card, label="Edit…")
    assert typed_in(form) == "Duck"


async def test_a_form_is_not_kept_waiting_for_the_present_name(
    bot: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bot.harness.character(bot.alice.id, "Duck")
    card = shown(await bot.alice.slash(bot.channel, "character show", name="Duck"))

    async def never(owner_id: int, character_id: int) -> None:
        await asyncio.Event().wait()

    with monkeypatch.context() as slow:
        slow.setattr(bot.harness.characters, "get", never)
        slow.setattr(limits, "READ_BEFORE_FORM", 0)
        form = await bot.alice.click(card, label="Edit…")
    assert typed_in(form) is None
    await bot.alice.submit_modal(form, {"name": "Drake"})
    assert await names(bot, bot.alice.id) == ["Drake"]


def typed_in(form: InteractionResult) -> str | None:
    """What stands in the form's first line before anybody types."""
    assert form.modal is not None
    line = form.modal["components"][0]
    value: str | None = line["component"].get("value")
    return value


async def test_a_form_for_what_is_gone_is_not_opened(bot: BotHarness) -> None:
    duck = await bot.harness.character(bot.alice.id, "Duck")
    card = shown(await bot.alice.slash(bot.channel, "character show", name="Duck"))
    await bot.harness.characters.delete(bot.alice.id, duck.id)
    result = await bot.alice.click(card, label="Edit…")
    assert result.modal is None
    assert "no longer in your cast" in refusal(result)


@pytest.mark.parametrize("public", [True, False])
async def test_the_card_from_which_it_was_renamed_shows_the_new_name(bot: BotHarness, public: bool) -> None:
    """Also one of which nobody knew: it was forgotten, or is that of an earlier version."""
    duck = await bot.harness.character(bot.alice.id, "Duck")
    if public:
        card = await public_card(bot, duck.id)
    else:
        card = shown(await bot.alice.slash(bot.channel, "character show", name="Duck")).message
    old = said(card)
    form = await bot.alice.click(card, label="Edit…")
    await bot.restart()
    (told,) = (await bot.alice.submit_modal(form, {"name": "Drake"})).followups
    assert told.ephemeral
    assert words(told) == "“Duck” is now called “Drake”."
    await bot.harness.app.message_updates.update()
    now = await again(bot, card)
    new = said(now)
    assert (titles(card)[0], titles(now)[0]) == ("Duck", "Drake")
    whose = f"<@{bot.alice.id}>'s" if public else "your"
    assert new[0] == f"### Drake\nSaved to {whose} cast. ToAPIs named this character Singing Duck."
    assert new[1:-1] == old[1:-1]  # the last is the footer
    (picture,) = now.attachments
    assert await picture.read() == PICTURE
    lend = [] if public else ["Lend…"]  # to the owner alone
    assert pressable(now) == ["Use in a video", "Edit…", *lend, "Delete"]


@pytest.mark.parametrize("lives", [True, False])
async def test_a_renamed_card_keeps_its_stills_its_groups_and_what_can_be_made_of_it(
    bot: BotHarness, lives: bool
) -> None:
    alice, harness = bot.alice.id, bot.harness
    harness.change(toapis={"prices": {"sora-2": Decimal(60)}})
    await bot.restart()
    if not lives:
        for model in MODELS:
            await harness.provider_state.close_model(model, now=harness.now, lapsed=harness.now - timedelta(hours=1))
    stills = [await harness.files.put_bytes(alice, jpeg(shade), "image/jpeg") for shade in (40, 200)]
    duck = await harness.character(alice, "Duck", portable=tuple(stills), model="")
    band = await harness.groups.create(alice, "The band", now=harness.now)
    await harness.groups.add(alice, band.id, duck.id)
    card = shown(await bot.alice.slash(bot.channel, "character show", name="Duck")).message
    old, buttons = said(card), pressable(card)
    assert buttons[:-4] == (["Make with Sora (60 credits)"] if lives else [])
    assert "The band" in "\n".join(old)
    await harness.characters.rename(alice, duck.id, "Drake")
    await harness.app.message_updates.update()
    now = await again(bot, card)
    assert titles(now)[0] == "Drake"
    assert said(now)[1:] == old[1:]
    assert pressable(now) == buttons
    assert [each.filename for each in now.attachments] == [each.filename for each in card.attachments]
    assert f"stills-{duck.id}.webp" in {each.filename for each in now.attachments}


def jpeg(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), (shade, 90, 90)).save(file, "JPEG")
    return file.getvalue()


async def again(bot: BotHarness, card: discord.Message) -> discord.Message:
    """The same message, as it is now."""
    (found,) = [each for each in bot.channel.history(viewer=bot.alice) if each.id == card.id]
    return found


def pressable(message: discord.Message) -> list[str | None]:
    return [part["label"] for part in parts(message) if part["type"] == 2]


@pytest.mark.parametrize("public", [True, False])
async def test_the_card_of_a_deleted_character_is_emptied(bot: BotHarness, public: bool) -> None:
    duck = await bot.harness.character(bot.alice.id, "Duck")
    if public:
        card = await public_card(bot, duck.id)
    else:
        card = shown(await bot.alice.slash(bot.channel, "character show", name="Duck")).message
    (question,) = (await bot.alice.click(card, label="Delete")).followups
    await bot.alice.click(question, label="Delete it")
    await bot.restart()  # what is wanted of a message stands in the database
    await bot.harness.app.message_updates.update()
    now = await again(bot, card)
    assert words(now) == "This character was deleted by its owner."
    assert (pressable(now), now.attachments) == ([], [])


async def test_a_form_for_what_is_gone_meanwhile_says_so(bot: BotHarness) -> None:
    duck = await bot.harness.character(bot.alice.id, "Duck")
    card = shown(await bot.alice.slash(bot.channel, "character show", name="Duck"))
    form = await bot.alice.click(card, label="Edit…")
    await bot.harness.characters.delete(bot.alice.id, duck.id)
    (told,) = (await bot.alice.submit_modal(form, {"name": "Drake"})).followups
    assert told.ephemeral
    assert "no longer in your cast" in words(told)


async def test_a_form_with_an_invisible_name_is_refused(bot: BotHarness) -> None:
    await bot.harness.character(bot.alice.id, "Duck")
    card = shown(await bot.alice.slash(bot.channel, "character show", name="Duck"))
    form = await bot.alice.click(card, label="Edit…")
    assert "no visible character" in refusal(await bot.alice.submit_modal(form, {"name": "\u200e"}))


# -- use ------------------------------------------------------------------------------------------------------------


async def test_a_card_says_how_its_character_is_used_to_its_owner_alone(bot: BotHarness) -> None:
    duck = await bot.harness.character(bot.alice.id, "Duck", username="secret.handle")
    for model in bot.harness.app.video_availability.models:  # while one lives, the bot makes the video itself
        await bot.harness.app.video_availability.refused(model)
    card = shown(await bot.alice.slash(bot.channel, "character show", name="Duck"))
    answer = shown(await bot.alice.click(card, label="Use in a video"))
    assert answer.ephemeral
    assert answer.content == duck.task_id  # alone, for a phone to copy
    (embed,) = answer.embeds
    request = (embed.description or "").split("```json\n")[1].split("```")[0]
    address, _, body = request.partition("\n\n")
    assert address == "POST http://127.0.0.1:9/v1/videos/generations"  # of this bot's settings
    asked, sora = json.loads(body), CARDS[duck.model]
    assert body_problems(sora, asked | {sora.business_id_field: "x"}) == ()  # that one is the bot's own
    assert asked["character_url"] == duck.task_id
    assert (asked["model"], asked["duration"], asked["aspect_ratio"]) == ("sora-2", sora.default_duration, "9:16")
    assert "@secret.handle" in words(answer)


@pytest.mark.parametrize("task_id", ["@everyone", "**a**", "[a](https://b)", "a b"])
async def test_a_hostile_task_id_stays_a_text(bot: BotHarness, task_id: str) -> None:
    duck = await bot.harness.character(bot.alice.id, "Duck")
    hostile = replace(duck, task_id=task_id)
    request = manual_request(None, "sora-2", task_id, "x")
    assert render_use(hostile, request, "http://127.0.0.1", "en").content == f"```\n{task_id}\n```"


# -- delete ---------------------------------------------------------------------------------------------------------


async def test_delete_asks_first_and_takes_the_picture_with_it(bot: BotHarness) -> None:
    duck = await bot.harness.character(bot.alice.id, "Duck")
    assert duck.picture is not None
    question = shown(await bot.alice.slash(bot.channel, "character delete", name="Duck"))
    assert "Delete “Duck”" in words(question)
    assert await names(bot, bot.alice.id) == ["Duck"]
    await bot.restart()
    done = shown(await bot.alice.click(question, label="Delete it"))
    assert done.id == question.id
    assert "I deleted “Duck” with its pictures, clips and voice." in words(done)
    assert labels(done) == []
    assert await names(bot, bot.alice.id) == []
    with pytest.raises(FileNotFoundError):
        await bot.harness.files.read(duck.picture.key)


async def test_a_picture_that_another_character_shares_stays(bot: BotHarness) -> None:
    await bot.harness.character(bot.alice.id, "Duck")
    other = await bot.harness.character(bot.alice.id, "Goose")
    assert other.picture is not None
    question = shown(await bot.alice.slash(bot.channel, "character delete", name="Duck"))
    await bot.alice.click(question, label="Delete it")
    assert await bot.harness.files.read(other.picture.key) == PICTURE


async def test_keep_it_deletes_nothing(bot: BotHarness) -> None:
    await bot.harness.character(bot.alice.id, "Duck")
    question = shown(await bot.alice.slash(bot.channel, "character delete", name="Duck"))
    kept = shown(await bot.alice.click(question, label="Keep it"))
    assert words(kept) == "Nothing was deleted."
    assert labels(kept) == []
    assert await names(bot, bot.alice.id) == ["Duck"]


async def test_the_card_asks_too_and_a_second_answer_finds_nothing(bot: BotHarness) -> None:
    await bot.harness.character(bot.alice.id, "Duck")
    card = shown(await bot.alice.slash(bot.channel, "character show", name="Duck"))
    (one,) = (await bot.alice.click(card, label="Delete")).followups
    (two,) = (await bot.alice.click(card, label="Delete")).followups
    await bot.alice.click(one, label="Delete it")
    late = await bot.alice.click(two, label="Delete it")
    list_mention = f"</character list:{bot.client.command_ids['character']}>"
    assert [words(each) for each in late.followups] == [
        f"### That didn't work\nThat character is no longer in your cast. See {list_mention} for your cast."
    ]
    (last,) = (await bot.alice.click(card, label="Delete")).followups
    assert "no longer in your cast" in words(last)


async def test_a_stranger_cannot_press_a_public_card(bot: BotHarness) -> None:
    duck = await bot.harness.character(bot.alice.id, "Duck")
    card = await public_card(bot, duck.id)
    for label in ("Edit…", "Delete"):
        result = await bot.bob.click(card, label=label)
        assert result.modal is None
        assert "These buttons are for the person who started this" in refusal(result)
    assert await names(bot, bot.alice.id) == ["Duck"]


async def public_card(bot: BotHarness, character_id: int) -> discord.Message:
    """The card as the courier delivers it, for everybody to see."""
    character = await bot.harness.characters.get(bot.alice.id, character_id)
    assert character is not None
    job = await bot.harness.job(bot.alice.id)
    card = render_result(job, character, PICTURE, "en-GB")
    channel = bot.env.bot.get_partial_messageable(bot.channel.id)
    await channel.send(**card.as_new())
    message = bot.channel.last_message
    assert message is not None
    return message


async def test_a_file_that_is_being_put_again_outlives_the_deletion(
    bot: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the row of the first character and its file, another one of the same picture enters the cast."""
    harness, alice = bot.harness, bot.alice.id
    await harness.character(alice, "Duck")
    message = shown(await bot.alice.slash(bot.channel, "character delete", name="Duck"))
    real, entering = harness.characters.delete, list[asyncio.Task[Character]]()

    async def enter() -> Character:
        """As the step collect does it: from the put to the row under the lock of the owner's files."""
        async with harness.files.owner(alice):
            return await harness.character(alice, "Goose")

    async def delete(owner_id: int, character_id: int) -> Deleted | None:
        gone = await real(owner_id, character_id)
        entering.append(asyncio.create_task(enter()))
        for _ in range(100):  # it would be done by then, if nothing kept it waiting
            await asyncio.sleep(0)
            time.sleep(0.003)  # noqa: ASYNC251 - its threads need real time, and simcord's clock stands still
        return gone

    monkeypatch.setattr(harness.characters, "delete", delete)
    await bot.alice.click(message, label="Delete it")
    goose = await entering[0]
    assert goose.picture is not None
    assert await harness.files.read(goose.picture.key) == PICTURE


async def test_where_an_edit_may_bring_no_pictures_a_new_message_does(bot: BotHarness) -> None:
    await bot.harness.character(bot.alice.id, "Duck")
    bot.env.inject_error("PATCH", "/webhooks/*", status=400, code=50035)
    result = await bot.alice.slash(bot.channel, "character list")
    (page,) = [each for each in (result.response, *result.followups) if each is not None and titles(each) == ["Duck"]]
    assert page.ephemeral
    assert len(page.attachments) == 1
