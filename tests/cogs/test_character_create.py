"""/character create: what starts a job, and what is refused before it costs anything."""

from __future__ import annotations

import pytest
import simcord
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.values.job import Step
from bot.values.source import Attachment, EarlierTask, Link
from bot.values.time_range import TimeRange
from cogs.character.creation import echoed
from tests.cogs.bot_harness import MAX_BYTES, BotHarness, refusal

CLIP = ("clip.mp4", b"bytes of a clip")
TOO_LARGE = ("clip.mp4", b"x" * (MAX_BYTES + 1))


async def test_an_attachment_becomes_a_job_and_the_answer_is_deferred_for_its_owner_alone(bot: BotHarness) -> None:
    result = await bot.alice.slash(
        bot.channel, "character create", video=CLIP, range="1-3", name="  Duck\u202e ", model="sora-2-pro"
    )
    assert result.deferred
    assert result.ephemeral
    job = await bot.job_of(bot.alice)
    assert isinstance(job.about_source.source, Attachment)
    assert job.about_source.source.filename == "clip.mp4"
    assert job.about_source.source.size == len(CLIP[1])
    assert job.about_source.source.url is not None
    assert (job.character.chosen.provider, job.character.model, job.character.name) == ("1,3", "sora-2-pro", "Duck")
    assert (job.step, job.owner_id) == (Step.PREPARE, bot.alice.id)
    assert (job.origin.private, job.origin.ephemeral, job.origin.channel_id) == (False, True, bot.channel.id)
    assert job.origin.token
    assert bot.harness.woken


@pytest.mark.parametrize(
    ("server", "asked", "private"), [(True, None, True), (True, False, False), (False, None, False)]
)
async def test_what_is_not_said_is_as_the_server_has_set_it(
    bot: BotHarness, server: bool, asked: bool | None, private: bool
) -> None:
    guild = bot.alice.guild
    await bot.harness.servers.set_private_results(guild.id, server)
    options = {} if asked is None else {"private": asked}
    await bot.alice.slash(bot.channel, "character create", video=CLIP, range="1-3", **options)
    assert (await bot.job_of(bot.alice)).origin.private is private


async def test_a_private_one_is_hidden_from_the_start(bot: BotHarness) -> None:
    result = await bot.alice.slash(
        bot.channel, "character create", link="https://example.org/clip.mp4", range="0:01-0:03", private=True
    )
    assert result.deferred
    assert result.ephemeral
    job = await bot.job_of(bot.alice)
    assert job.about_source.source == Link(url="https://example.org/clip.mp4")
    assert job.character.model == "sora-2"
    assert job.character.name is None
    assert (job.origin.private, job.origin.ephemeral) == (True, True)


async def test_an_earlier_task_is_taken_by_its_id(bot: BotHarness) -> None:
    await bot.alice.slash(bot.channel, "character create", task="task_01ABC", range="1-3")
    assert (await bot.job_of(bot.alice)).about_source.source == EarlierTask(task_id="task_01ABC")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "exactly one of the options"),
        ({"video": CLIP, "link": "https://example.org/a.mp4"}, "exactly one of the options"),
        ({"link": "ftp://example.org/a.mp4"}, "isn't a link to a file"),
        ({"link": "https://discord.com/channels/1/2/3"}, "“Make a character”"),
        ({"task": "no such thing!"}, "not a task ID"),
    ],
)
async def test_what_cannot_work_is_refused_at_once_and_hidden(
    bot: BotHarness, options: dict[str, object], said: str
) -> None:
    result = await bot.alice.slash(bot.channel, "character create", **({"range": "1-3"} | options))
    assert not result.deferred
    words = refusal(result)
    assert said in words
    assert "charged" not in words, "nobody could fear it: nothing has begun"
    assert await bot.jobs_of(bot.alice) == ()


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("1-9", "must be 1 to 3 seconds"),
        ("soon", "is not a range of seconds"),
        (None, "I can't see that task's video."),
    ],
)
@pytest.mark.parametrize("private", [None, True, False])
async def test_a_task_without_seconds_that_can_be_used_opens_a_form_with_what_was_typed(
    bot: BotHarness, typed: str | None, why: str, private: bool | None
) -> None:
    options = {"range": typed, "private": private}
    given = {name: value for name, value in options.items() if value is not None}
    asked = await bot.alice.slash(
        bot.channel, "character create", task="task_1", name="Duck", model="sora-2-pro", **given
    )
    assert asked.modal is not None
    task, seconds, name = asked.modal["components"]
    assert [each["component"].get("value") for each in (task, seconds, name)] == ["task_1", typed, "Duck"]
    assert why in seconds["description"]
    assert await bot.jobs_of(bot.alice) == ()
    await bot.restart()
    await bot.alice.submit_modal(asked, {"task": "task_1", "range": "2-4", "name": "Drake"})
    job = await bot.job_of(bot.alice)
    assert job.about_source.source == EarlierTask(task_id="task_1")
    assert (job.character.range, job.character.name, job.character.model) == (
        TimeRange.parse("2-4"),
        "Drake",
        "sora-2-pro",
    )
    assert job.origin.private is bool(private)


async def test_seconds_of_a_task_that_still_do_not_work_are_told_about(bot: BotHarness) -> None:
    asked = await bot.alice.slash(bot.channel, "character create", task="task_1", range="1-9")
    told = await bot.alice.submit_modal(asked, {"task": "task_1", "range": "soon", "name": ""})
    assert "is not a range of seconds" in refusal(told)
    assert await bot.jobs_of(bot.alice) == ()


@pytest.mark.parametrize("typed", ["1-9", " soon ", "x" * 80])
@pytest.mark.parametrize("source", [{"video": CLIP}, {"link": "https://example.org/a.mp4"}])
async def test_seconds_that_are_no_range_are_picked_with_the_video_that_is_here(
    bot: BotHarness, source: dict[str, object], typed: str
) -> None:
    await bot.alice.slash(bot.channel, "character create", range=typed, **source)
    request = (await bot.job_of(bot.alice)).character
    assert (request.range, request.typed) == (None, typed.strip()[:64])


async def test_a_name_of_which_nothing_can_be_seen_is_none(bot: BotHarness) -> None:
    await bot.alice.slash(bot.channel, "character create", video=CLIP, range="1-3", name="\u202e \u200e")
    assert (await bot.job_of(bot.alice)).character.name is None


async def test_a_file_that_is_too_large_is_refused_before_it_is_fetched(bot: BotHarness) -> None:
    result = await bot.alice.slash(bot.channel, "character create", video=TOO_LARGE, range="1-3")
    assert not result.deferred
    assert "the most I can take is" in refusal(result)
    assert await bot.jobs_of(bot.alice) == ()


async def test_a_refusal_is_the_first_answer_and_hidden(bot: BotHarness) -> None:
    for _ in range(5):  # as many as there may be in a day
        await bot.alice.slash(bot.channel, "character create", video=CLIP, range="1-3")
    sixth = await bot.alice.slash(bot.channel, "character create", video=CLIP, range="1-3")
    assert not sixth.deferred
    assert "used up your 5 characters for today" in refusal(sixth)
    assert len(await bot.jobs_of(bot.alice)) == 5


async def test_nothing_is_started_while_submissions_are_paused(bot: BotHarness) -> None:
    await bot.harness.provider_state.pause("balance", now=bot.harness.now)
    result = await bot.alice.slash(bot.channel, "character create", video=CLIP, range="1-3", private=True)
    assert "balance" in refusal(result)
    assert await bot.jobs_of(bot.alice) == ()


async def test_a_closed_model_is_said_before_anything_is_charged(bot: BotHarness) -> None:
    await bot.harness.provider_state.close_model("sora-2", now=bot.harness.now)
    result = await bot.alice.slash(bot.channel, "character create", video=CLIP, range="1-3", model="sora-2")
    assert "Choose another one: sora-2-pro." in refusal(result)
    assert await bot.jobs_of(bot.alice) == ()


async def test_whoever_chooses_no_model_gets_one_that_lives(bot: BotHarness) -> None:
    await bot.harness.provider_state.close_model("sora-2", now=bot.harness.now)
    await bot.alice.slash(bot.channel, "character create", video=CLIP, range="1-3")
    (job,) = await bot.jobs_of(bot.alice)
    assert job.character.model == "sora-2-pro"


async def test_when_every_model_is_closed_that_is_said_to_whoever_names_one(bot: BotHarness) -> None:
    for model in ("sora-2", "sora-2-pro"):
        await bot.harness.provider_state.close_model(model, now=bot.harness.now)
    result = await bot.alice.slash(bot.channel, "character create", video=CLIP, range="1-3", model="sora-2")
    assert "no other model that is set up here works" in refusal(result)
    assert await bot.jobs_of(bot.alice) == ()


async def test_when_every_model_is_closed_the_character_is_a_portable_one(bot: BotHarness) -> None:
    for model in ("sora-2", "sora-2-pro"):
        await bot.harness.provider_state.close_model(model, now=bot.harness.now)
    await bot.alice.slash(bot.channel, "character create", video=CLIP, range="1-3")
    (job,) = await bot.jobs_of(bot.alice)
    assert job.character.model is None


async def test_only_living_models_are_offered(bot: BotHarness) -> None:
    async def offered(typed: str) -> list[str]:
        choices = await bot.alice.autocomplete(bot.channel, "character create", "model", typed)
        return [str(choice["value"]) for choice in choices]

    assert (await offered(""), await offered("PRO")) == (["sora-2", "sora-2-pro"], ["sora-2-pro"])
    await bot.harness.provider_state.close_model("sora-2", now=bot.harness.now)
    assert await offered("") == ["sora-2-pro"]


async def test_a_model_that_is_not_set_up_is_refused(bot: BotHarness) -> None:
    result = await bot.alice.slash(bot.channel, "character create", video=CLIP, range="1-3", model="sora-1")
    assert "I don't know the model “sora-1”" in refusal(result)
    assert await bot.jobs_of(bot.alice) == ()


async def test_nobody_has_finished_videos_to_choose_from_yet(bot: BotHarness) -> None:
    assert await bot.alice.autocomplete(bot.channel, "character create", "task", "task_") == []


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("1 3", "0:01–0:03, 2 s ✓"),
        ("from 1m2s to 1m3.5s", "1:02–1:03.5, 1.5 s ✓"),
        ("1", "That's one moment, not a range."),
        ("1-9", "0:01–0:09 is 8 s long, but a range must be 1 to 3 seconds long."),
        ("*soon*", "“*soon*” is not a range of seconds."),
        ("x" * 200, "That is too long for a range of seconds."),
    ],
)
async def test_the_range_is_echoed_as_it_is_read_while_one_types(bot: BotHarness, typed: str, shown: str) -> None:
    (choice,) = await bot.alice.autocomplete(bot.channel, "character create", "range", typed)
    assert choice["name"] == shown
    assert len(choice["value"]) <= 100
    if shown.endswith("✓"):
        assert TimeRange.parse(choice["value"]) == TimeRange.parse(typed)
    else:  # choosing it must not make another range of it
        assert choice["value"] == typed[:100]


@settings(max_examples=200)
@given(st.text(alphabet="0123456789 .,:-–~msto“*_", max_size=120))
def test_every_echo_fits_and_means_what_was_typed(typed: str) -> None:
    for choice in echoed(typed, "en-GB"):
        assert 1 <= len(choice.name) <= 100
        assert 1 <= len(choice.value) <= 100
        if choice.name.endswith("✓"):
            assert TimeRange.parse(choice.value) == TimeRange.parse(typed)


async def test_nothing_is_echoed_before_something_is_typed(bot: BotHarness) -> None:
    assert await bot.alice.autocomplete(bot.channel, "character create", "range", "") == []


async def test_one_form_has_all_that_a_character_needs(bot: BotHarness) -> None:
    form = await bot.alice.slash(bot.channel, "character new")
    assert form.modal is not None
    await bot.restart()
    result = await bot.alice.submit_modal(form, {"clip": CLIP, "range": "1 to 3", "name": " Duck ", "consent": ["yes"]})
    assert result.deferred
    job = await bot.job_of(bot.alice)
    assert isinstance(job.about_source.source, Attachment)
    assert (job.about_source.source.filename, job.about_source.source.size) == ("clip.mp4", len(CLIP[1]))
    assert job.about_source.source.url is not None
    assert not job.about_source.source.of_others
    assert (job.character.chosen.provider, job.character.name, job.character.model) == ("1,3", "Duck", "sora-2")
    assert job.character.consent_at == bot.harness.now


async def test_seconds_and_name_may_be_left_out_of_the_form(bot: BotHarness) -> None:
    form = await bot.alice.slash(bot.channel, "character new")
    await bot.alice.submit_modal(form, {"clip": CLIP, "consent": ["yes"]})
    request = (await bot.job_of(bot.alice)).character
    assert (request.range, request.typed, request.name) == (None, "", None)


@pytest.mark.parametrize("left_out", ["clip", "consent"])
async def test_the_form_cannot_be_sent_without_its_clip_and_its_yes(bot: BotHarness, left_out: str) -> None:
    form = await bot.alice.slash(bot.channel, "character new")
    values = {"clip": CLIP, "consent": ["yes"]}
    del values[left_out]
    with pytest.raises(simcord.SetupError, match="Required"):
        await bot.alice.submit_modal(form, values)


async def test_too_large_a_file_in_the_form_is_refused(bot: BotHarness) -> None:
    form = await bot.alice.slash(bot.channel, "character new")
    result = await bot.alice.submit_modal(form, {"clip": TOO_LARGE, "consent": ["yes"]})
    assert "the most I can take is" in refusal(result)
    assert await bot.jobs_of(bot.alice) == ()


async def test_it_works_in_a_direct_message(bot: BotHarness) -> None:
    result = await bot.alice.user.slash("character create", link="https://example.org/clip.mp4", range="1-3")
    assert result.deferred
    assert (await bot.job_of(bot.alice)).origin.guild_id is None
