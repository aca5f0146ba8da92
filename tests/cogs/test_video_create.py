"""/video create, its form and its questions: a job is begun with what was wished, or somebody is asked."""

from __future__ import annotations

from decimal import Decimal

import pytest
import simcord

from bot.values.files import StoredFile
from bot.values.job import CastRole, JobKind, VideoRequest
from tests.cogs.bot_harness import AppHarness, BotHarness, labels, refusal, words

WALK = "@Aurora walks through the rain"


@pytest.fixture(autouse=True)
async def priced(bot: BotHarness) -> None:
    bot.harness.change(toapis={"video_prices": {"sora-2": Decimal(20), "wan2.6": Decimal("12.5")}})
    await bot.restart()


async def character(harness: AppHarness, owner_id: int, name: str, *, files: bool = True) -> CastRole:
    """A member of the cast that any model can show; without ``files`` only its own can."""
    kept: tuple[StoredFile, ...] = ()
    if files:
        clip = await harness.files.put_bytes(owner_id, b"clip of " + name.encode(), "video/mp4")
        still = await harness.files.put_bytes(owner_id, b"still of " + name.encode(), "image/jpeg")
        kept = (clip, still)
    made = await harness.character(owner_id, name, portable=kept)
    return CastRole(character_id=made.id, name=name)


async def video_of(bot: BotHarness, actor: simcord.MemberActor) -> VideoRequest:
    job = await bot.job_of(actor)
    assert job.kind is JobKind.VIDEO
    return job.video


async def test_a_video_is_begun_with_and_the_first_answer_says_by_which_model_and_for_how_much(bot: BotHarness) -> None:
    aurora = await character(bot.harness, bot.alice.id, "Aurora")
    result = await bot.alice.slash(
        bot.channel, "video create", prompt=WALK, character="aurora", duration=15, ratio="9:16"
    )
    assert result.ephemeral
    assert result.response is not None
    said = words(result.response)
    assert "Making your video" in said
    assert "Using sora-2, the best model for this cast that works right now." in said
    assert "The expected cost is 300 credits." in said
    assert labels(result.response) == ["Cancel"]
    request = await video_of(bot, bot.alice)
    assert (request.prompt, request.cast, request.model) == (WALK, (aurora,), "sora-2")
    assert (request.model_named, request.duration, request.ratio) == (False, 15, "9:16")
    assert request.price == Decimal(300)
    assert not (await bot.job_of(bot.alice)).origin.private
    assert bot.harness.woken


async def test_without_a_price_no_guess_is_made(bot: BotHarness) -> None:
    await character(bot.harness, bot.alice.id, "Aurora")
    result = await bot.alice.slash(
        bot.channel, "video create", prompt=WALK, character="Aurora", model="viduq3", private=True
    )
    assert result.response is not None
    assert "Using viduq3." in words(result.response)
    assert "cost" not in words(result.response)
    assert (await bot.job_of(bot.alice)).origin.private


async def test_whom_the_prompt_calls_plays_too_in_the_order_of_the_calls(bot: BotHarness) -> None:
    aurora, rosie, max_ = [await character(bot.harness, bot.alice.id, name) for name in ("Aurora", "Rosie B", "Max")]
    prompt = "@max meets @Rosie B, and @Max waves"
    await bot.alice.slash(bot.channel, "video create", prompt=prompt, character="Aurora")
    request = await video_of(bot, bot.alice)
    assert (request.prompt, request.cast) == (prompt, (aurora, max_, rosie))


async def test_an_unknown_name_is_asked_about_and_the_form_has_what_was_typed_also_after_a_restart(
    bot: BotHarness,
) -> None:
    aurora, rosie = [await character(bot.harness, bot.alice.id, name) for name in ("Aurora", "Rosie")]
    result = await bot.alice.slash(
        bot.channel, "video create", prompt="@Aurora meets @Rosy", character="Aurora", duration=10, private=True
    )
    assert await bot.jobs_of(bot.alice) == ()
    assert result.ephemeral
    assert result.response is not None
    assert "Did you mean “@Rosie”?" in words(result.response)
    assert "@​Aurora meets @​Rosy" in words(result.response)
    assert labels(result.response) == ["Change it…"]
    await bot.restart()
    form = await bot.alice.click(result.response, label="Change it…")
    assert form.modal is not None
    assert "@Aurora meets @Rosy" in str(form.modal)
    await bot.restart()
    await bot.alice.submit_modal(
        form, {"prompt": "@Aurora meets @Rosie", "cast": [str(aurora.character_id)], "model": ["wan2.6"]}
    )
    request = await video_of(bot, bot.alice)
    assert (request.prompt, request.cast, request.model) == ("@Aurora meets @Rosie", (aurora, rosie), "wan2.6")
    assert request.duration == 10
    assert (await bot.job_of(bot.alice)).origin.private


async def test_an_unknown_character_in_an_option_is_asked_about(bot: BotHarness) -> None:
    await character(bot.harness, bot.alice.id, "Aurora")
    await character(bot.harness, bot.bob.id, "Boris")
    result = await bot.alice.slash(bot.channel, "video create", prompt="a dance", character="Boris")
    assert await bot.jobs_of(bot.alice) == ()
    assert result.response is not None
    assert "Nobody in your cast is called “Boris”." in words(result.response)


async def test_what_the_model_does_instead_is_on_a_button_which_begins_with_it_once(bot: BotHarness) -> None:
    await character(bot.harness, bot.alice.id, "Aurora")
    asked = await bot.alice.slash(
        bot.channel, "video create", prompt=WALK, character="Aurora", model="sora-2", duration=7, ratio="2:1"
    )
    assert await bot.jobs_of(bot.alice) == ()
    assert asked.response is not None
    assert "The closest is 10." in words(asked.response)
    assert labels(asked.response)[:2] == ["Use 10 s", "Use 16:9"]
    await bot.restart()
    still = await bot.alice.click(asked.response, label="Use 10 s")
    assert await bot.jobs_of(bot.alice) == ()
    assert still.response is None or "16:9" in words(still.response)
    message = asked.response
    shown = words(message)
    assert "The closest is 10." not in shown
    begun = await bot.alice.click(message, label="Use 16:9")
    request = await video_of(bot, bot.alice)
    assert (request.model, request.duration, request.ratio) == ("sora-2", 10, "16:9")
    assert begun.response is None or "Making your video" in words(begun.response)
    assert "Making your video" in words(message)
    job = await bot.job_of(bot.alice)
    assert job.origin.message_id == message.id


async def test_another_model_that_does_all_of_it_is_offered(bot: BotHarness) -> None:
    await character(bot.harness, bot.alice.id, "Aurora")
    asked = await bot.alice.slash(
        bot.channel, "video create", prompt=WALK, character="Aurora", model="sora-2", duration=5
    )
    assert asked.response is not None
    assert "Use wan2.6 (62.5 credits)" in labels(asked.response)
    await bot.alice.click(asked.response, label="Use wan2.6 (62.5 credits)")
    request = await video_of(bot, bot.alice)
    assert (request.model, request.duration, request.price) == ("wan2.6", 5, Decimal("62.5"))


async def test_a_model_that_nobody_knows_is_asked_about(bot: BotHarness) -> None:
    await character(bot.harness, bot.alice.id, "Aurora")
    asked = await bot.alice.slash(bot.channel, "video create", prompt=WALK, character="Aurora", model="dall-e")
    assert asked.response is not None
    assert "I don't know the video model “dall-e”." in words(asked.response)
    assert labels(asked.response)[0] == "Use sora-2 (200 credits)"


async def test_a_closed_model_is_asked_about_with_those_that_live(bot: BotHarness) -> None:
    await character(bot.harness, bot.alice.id, "Aurora")
    await bot.harness.app.video_availability.refused("sora-2")
    asked = await bot.alice.slash(bot.channel, "video create", prompt=WALK, character="Aurora", model="sora-2")
    assert await bot.jobs_of(bot.alice) == ()
    assert asked.response is not None
    assert "doesn't offer the model “sora-2”" in words(asked.response)
    assert "Use sora-2-vip" in labels(asked.response) or "Use sora-2-pro" in labels(asked.response)


async def test_an_empty_cast_says_how_to_begin(bot: BotHarness) -> None:
    told = refusal(await bot.alice.slash(bot.channel, "video create", prompt="a dance", character="Aurora"))
    assert "Make your first one with" in told
    assert "Your cast is empty" in refusal(await bot.alice.slash(bot.channel, "video new"))


async def test_the_form_of_a_new_video_needs_no_command(bot: BotHarness) -> None:
    aurora, rosie = [await character(bot.harness, bot.alice.id, name) for name in ("Aurora", "Rosie")]
    form = await bot.alice.slash(bot.channel, "video new")
    await bot.restart()
    chosen = [str(rosie.character_id), str(aurora.character_id)]
    values = {"prompt": "they dance", "cast": chosen, "model": ["best"], "private": ["yes"]}
    await bot.alice.submit_modal(form, values)
    request = await video_of(bot, bot.alice)
    assert (request.cast, request.model, request.model_named) == ((rosie, aurora), "sora-2", False)
    assert (await bot.job_of(bot.alice)).origin.private


async def test_a_character_that_is_not_chosen_in_the_form_is_asked_for(bot: BotHarness) -> None:
    await character(bot.harness, bot.alice.id, "Aurora")
    form = await bot.alice.slash(bot.channel, "video new")
    asked = await bot.alice.submit_modal(form, {"prompt": "rain", "model": ["best"]})
    assert asked.response is not None
    assert "Name at least one character" in words(asked.response)


async def test_a_large_cast_is_typed_in_the_form(bot: BotHarness) -> None:
    roles = [await character(bot.harness, bot.alice.id, f"Extra {number}", files=False) for number in range(26)]
    form = await bot.alice.slash(bot.channel, "video new")
    await bot.alice.submit_modal(form, {"prompt": "they dance", "names": "extra 3, Extra 7", "model": ["best"]})
    assert (await video_of(bot, bot.alice)).cast == (roles[3], roles[7])


async def test_the_button_on_a_card_opens_the_form_with_that_character(bot: BotHarness) -> None:
    await character(bot.harness, bot.alice.id, "Rosie")
    aurora = await character(bot.harness, bot.alice.id, "Aurora")
    card = await bot.alice.slash(bot.channel, "character show", name="Aurora")
    assert card.response is not None
    form = await bot.alice.click(card.response, label="Use in a video")
    assert form.modal is not None
    menu = form.modal["components"][1]["component"]
    assert [each["value"] for each in menu["options"] if each.get("default")] == [str(aurora.character_id)]
    assert menu["max_values"] == 2


async def test_where_no_video_model_lives_the_card_shows_a_request_to_copy(bot: BotHarness) -> None:
    await character(bot.harness, bot.alice.id, "Aurora")
    for model in bot.harness.app.video_availability.models:
        await bot.harness.app.video_availability.refused(model)
    card = await bot.alice.slash(bot.channel, "character show", name="Aurora")
    assert card.response is not None
    shown = await bot.alice.click(card.response, label="Use in a video")
    assert shown.response is not None
    assert "POST " in words(shown.response)


async def test_a_refusal_keeps_what_was_wished(bot: BotHarness) -> None:
    """The button works again once it can be made."""
    await character(bot.harness, bot.alice.id, "Aurora")
    asked = await bot.alice.slash(
        bot.channel, "video create", prompt=WALK, character="Aurora", model="sora-2", duration=7
    )
    assert asked.response is not None
    await bot.harness.provider_state.pause("key", now=bot.harness.now)
    assert "can't make anything new" in refusal(await bot.alice.click(asked.response, label="Use 10 s"))
    assert await bot.jobs_of(bot.alice) == ()
    await bot.harness.breaker.resume()
    await bot.alice.click(asked.response, label="Use 10 s")
    assert (await video_of(bot, bot.alice)).duration == 10


async def complete(bot: BotHarness, option: str, typed: str = "", **filled: object) -> list[tuple[str, object]]:
    choices = await bot.alice.autocomplete(bot.channel, "video create", option, typed, **filled)
    return [(each["name"], each["value"]) for each in choices]


async def test_the_options_offer_what_goes_with_the_others(bot: BotHarness) -> None:
    await character(bot.harness, bot.alice.id, "Aurora")
    await character(bot.harness, bot.alice.id, "Rosie")
    await character(bot.harness, bot.bob.id, "Boris")
    assert await complete(bot, "character") == [("Rosie", "Rosie"), ("Aurora", "Aurora")]
    assert await complete(bot, "character2", "ro", character="Aurora") == [("Rosie", "Rosie")]
    assert await complete(bot, "character2", character="Aurora") == [("Rosie", "Rosie")]
    models = dict(await complete(bot, "model", "sora", character="Aurora"))
    assert models["sora-2: 10, 15 s, up to 4 characters, 20 credits a second"] == "sora-2"
    (drawn,) = [name for name, model in (await complete(bot, "model", "seedance-2-5")) if model == "seedance-2-5"]
    assert drawn.endswith("characters, no real people")
    durations = await complete(bot, "duration", character="Aurora", model="sora-2")
    assert durations == [
        ("10 s, expected to cost 200 credits", 10),
        ("15 s, expected to cost 300 credits", 15),
    ]
    assert [value for _, value in await complete(bot, "ratio", model="sora-2")] == ["16:9", "9:16"]
    assert [value for _, value in await complete(bot, "resolution", model="gemini-omni-flash", ratio="9:16")] == [
        "720p"
    ]


async def test_a_model_that_cannot_show_the_cast_is_not_offered(bot: BotHarness) -> None:
    await character(bot.harness, bot.alice.id, "Aurora", files=False)
    offered = [value for _, value in await complete(bot, "model", character="Aurora")]
    assert offered
    assert all(str(value).startswith("sora") for value in offered)
    assert "wan2.6" in [value for _, value in await complete(bot, "model")]
