"""/character lend, borrowed, take-back and ask-consent: what the lender, the borrower and the person in it see."""

from __future__ import annotations

from datetime import timedelta

import pytest
import simcord
from sqlalchemy import insert

from bot import limits
from bot.store.loan_tables import person_consents
from bot.store.videos import NewVideo
from bot.values.job import CastRole, Job, Lane, Outcome, Step, Transition, VideoResult
from cogs.character import consent
from tests.cogs.bot_harness import FILM, AppHarness, BotHarness, labels, refusal, words
from tests.cogs.test_strangers import everything
from tests.cogs.test_video_create import character
from tests.leases import lease_of

WALK = "@Aurora walks through the rain"


async def lent(bot: BotHarness, **terms: object) -> CastRole:
    """Alice lends Aurora, to Bob where nothing else is said."""
    aurora = await character(bot.harness, bot.alice.id, "Aurora")
    terms = terms or {"to": bot.bob}
    said = await bot.alice.slash(bot.channel, "character lend", name="Aurora", **terms)
    assert said.ephemeral
    assert said.response is not None
    assert "Lending “Aurora”" in words(said.response)
    return aurora


async def shown(actor: simcord.MemberActor, bot: BotHarness, command: str, **options: object) -> str:
    said = await actor.slash(bot.channel, command, **options)
    assert said.ephemeral
    assert said.response is not None
    return words(said.response)


async def begin(
    bot: BotHarness, actor: simcord.MemberActor, prompt: str = WALK, name: str = "Aurora"
) -> simcord.InteractionResult:
    return await actor.slash(bot.channel, "video create", prompt=prompt, character=name, model="wan2.6")


async def filmed(harness: AppHarness, job: Job) -> None:
    """The video of ``job`` has come, and is with whoever asked for it."""
    await harness.jobs.claim("test", now=harness.now, most=dict.fromkeys(Lane, 100))
    new = NewVideo(
        owner_id=job.owner_id,
        prompt=job.video.prompt,
        model="wan2.6",
        roles=job.video.cast,
        file=await harness.files.put_bytes(job.owner_id, FILM, "video/mp4"),
    )

    def collected(video_id: int) -> Transition:
        result = VideoResult(url="https://example.org/film.mp4", video_id=video_id)
        return Transition("test", {"result": result, "outcome": Outcome.SUCCEEDED, "finished_at": harness.now})

    lease = await lease_of(harness.jobs, job.id)
    await harness.app.stores.videos.add_for_job(job.id, lease, new, collected, now=harness.now)
    done = Transition("test", {"step": Step.DONE, "next_attempt_at": None, "delivered_at": harness.now})
    await harness.jobs.release(job.id, lease, done, now=harness.now)


async def test_a_borrower_makes_a_video_and_sees_whose_it_is_and_no_keys(bot: BotHarness) -> None:
    aurora = await lent(bot, to=bot.bob, uses=2, until="7d")
    borrowed = await bot.bob.slash(bot.channel, "character borrowed")
    said = await everything(borrowed)
    assert "**Aurora**" in said
    assert " of 1" not in said, "one page needs no number"
    assert f"Lent by <@{bot.alice.id}> · videos left: 2 · until <t:" in said
    made = await bot.harness.characters.get(bot.alice.id, aurora.character_id)
    assert made is not None
    secrets = (made.username, made.task_id)
    assert not any(secret in said for secret in secrets)
    begun = await begin(bot, bot.bob)
    assert begun.response is not None
    job = await bot.job_of(bot.bob)
    [role] = job.video.cast
    assert (role.character_id, role.name, role.loan_id is not None) == (aurora.character_id, "Aurora", True)
    assert "videos left: 1" in await shown(bot.bob, bot, "character borrowed")
    export = await everything(await bot.bob.slash(bot.channel, "privacy export"))
    assert '"borrowed": [' in export
    assert not any(secret in export for secret in (*secrets, str(bot.alice.id)))


@pytest.mark.parametrize("known", [True, False])
async def test_who_chooses_a_borrowed_one_is_told_whose_it_is(
    bot: BotHarness, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    for name in ("LENDERS_KNOWN_WITHIN", "READ_BEFORE_FORM"):
        monkeypatch.setattr(limits, name, 60.0)
    if not known:
        bot.env.inject_error("GET", f"/users/{bot.alice.id}", status=503, times=None)
    await lent(bot)
    await character(bot.harness, bot.bob.id, "Aurelia")
    offered = await bot.bob.autocomplete(bot.channel, "video create", "character", "aur")
    shown = "Aurora (borrowed from alice)" if known else "Aurora (borrowed)"
    assert offered == [{"name": "Aurelia", "value": "Aurelia"}, {"name": shown, "value": "Aurora"}]
    form = await bot.bob.slash(bot.channel, "video new")
    assert form.modal is not None
    options = form.modal["components"][1]["component"]["options"]
    assert [each.get("description") for each in options] == [None, "Borrowed from alice" if known else "Borrowed"]


async def test_what_is_asked_before_a_video_says_whose_the_borrowed_one_is(bot: BotHarness) -> None:
    await lent(bot)
    said = await shown(
        bot.bob, bot, "video create", prompt=WALK, character="Aurora", model="wan2.6", duration=7, ratio="2:1"
    )
    assert "Not started yet" in said
    assert f"“Aurora” is borrowed from <@{bot.alice.id}>." in said


async def test_a_use_that_cost_nothing_is_given_back_and_the_last_one_ends_it(bot: BotHarness) -> None:
    await lent(bot, to=bot.bob, uses=1)
    await begin(bot, bot.bob)
    assert "Nobody has lent you" in await shown(bot.bob, bot, "character borrowed")
    second = await begin(bot, bot.bob)
    assert second.response is not None
    assert "empty" in words(second.response)  # he has nobody of his own
    await bot.harness.job_service.cancel(bot.bob.id, (await bot.job_of(bot.bob)).id)
    assert "videos left: 1" in await shown(bot.bob, bot, "character borrowed")


async def test_everybody_in_a_server_borrows_it_there_alone(bot: BotHarness) -> None:
    await lent(bot, server=True)
    assert "Lent to this server by" in await shown(bot.bob, bot, "character borrowed")
    elsewhere = bot.env.create_guild("elsewhere")
    there = elsewhere.add_member(bot.bob.user)
    channel = elsewhere.create_text_channel("general")
    said = await there.slash(channel, "character borrowed")
    assert said.response is not None
    assert "Nobody has lent you" in words(said.response)


async def test_two_of_one_name_are_told_apart_by_a_number(bot: BotHarness) -> None:
    await lent(bot)
    own = await character(bot.harness, bot.bob.id, "Aurora")
    assert "**Aurora 2**" in await shown(bot.bob, bot, "character borrowed")
    await begin(bot, bot.bob, "@Aurora meets @Aurora 2")
    names = {role.name: role.character_id for role in (await bot.job_of(bot.bob)).video.cast}
    assert set(names) == {"Aurora", "Aurora 2"}
    assert names["Aurora"] == own.character_id


async def test_taken_back_in_mid_job_nothing_is_sent_and_its_borrower_hears_why(bot: BotHarness) -> None:
    await lent(bot)
    await begin(bot, bot.bob)
    job = await bot.job_of(bot.bob)
    offered = await bot.alice.autocomplete(bot.channel, "character take-back", "name", "ÀUR")
    assert offered == [{"name": "Aurora", "value": "Aurora"}]
    said = await shown(bot.alice, bot, "character take-back", name="Aurora")
    assert "Cancelled for free: 1." in said
    ended = await bot.harness.jobs.get(job.id)
    assert ended is not None
    assert (ended.step, ended.outcome, ended.counted) == (Step.DELIVER, Outcome.FAILED, False)
    assert str(ended.failure) == ("“Aurora” is no longer lent to you, so I can't make this video. Nothing was charged.")
    assert job.id in bot.harness.interrupted
    assert "Nobody has lent you" in await shown(bot.bob, bot, "character borrowed")


async def test_the_owner_sees_each_use_with_its_prompt_and_its_video(bot: BotHarness) -> None:
    await lent(bot)
    await begin(bot, bot.bob, "@Aurora dances")
    begun = await bot.job_of(bot.bob)
    await filmed(bot.harness, begun)
    card = await bot.alice.slash(bot.channel, "character lend", name="Aurora")
    assert card.response is not None
    assert f"<@{bot.bob.id}>" in words(card.response)
    assert "any number of videos, 1 so far" in words(card.response)
    await bot.alice.click(card.response, label="What others made")
    uses = words(card.response)
    assert "@​Aurora dances" in uses
    assert f"<@{bot.bob.id}> in " in uses
    assert "Made" in uses
    watched = await bot.alice.click(card.response, label="Watch")
    assert watched.ephemeral
    assert FILM.decode("latin-1") in await everything(watched)


async def test_nothing_is_lent_to_oneself_a_bot_or_somebody_who_is_shut_out(bot: BotHarness) -> None:
    await character(bot.harness, bot.alice.id, "Aurora")
    for options, told in (
        ({"to": bot.alice}, "It's yours already."),
        ({"to": bot.bob, "server": True}, "Use the option **to** or **server**, not both."),
        ({"uses": 2}, "Choose who to lend it to"),
        ({"to": bot.bob, "until": "yesterday"}, "I can't read “yesterday” as a time."),
        ({"to": bot.bob, "until": "2w 3d"}, "I can't read"),
        ({"to": bot.bob, "until": "2025-01-01"}, "in the future"),
    ):
        said = await bot.alice.slash(bot.channel, "character lend", name="Aurora", **options)
        assert told in refusal(said)
    await bot.harness.servers.block(bot.alice.guild.id, bot.bob.id)
    said = await bot.alice.slash(bot.channel, "character lend", name="Aurora", to=bot.bob)
    assert refusal(said) == "That person can't use me here, so I lent them nothing."


async def test_a_loan_ends_in_time_and_what_was_begun_in_time_goes_on(bot: BotHarness) -> None:
    await lent(bot, to=bot.bob, until="1h")
    await begin(bot, bot.bob)
    job = await bot.job_of(bot.bob)
    bot.harness.now += timedelta(hours=2)
    assert "Nobody has lent you" in await shown(bot.bob, bot, "character borrowed")
    await bot.harness.app.video_planner.check(bot.bob.id, job.video)


async def test_both_sides_deletion_ends_it(bot: BotHarness) -> None:
    await lent(bot)
    await begin(bot, bot.bob)
    job = await bot.job_of(bot.bob)
    await bot.harness.erasure.erase(bot.alice.id)
    ended = await bot.harness.jobs.get(job.id)
    assert ended is not None
    assert ended.outcome is Outcome.FAILED
    raw = (bot.harness.folder / "castbook.db").read_bytes()
    assert str(bot.alice.id).encode() not in raw
    await lent(bot)
    await bot.harness.erasure.erase(bot.bob.id)
    said = await bot.alice.slash(bot.channel, "character lend", name="Aurora")
    assert said.response is not None
    assert "Nobody is borrowing it." in words(said.response)


async def test_a_no_of_the_person_in_it_deletes_it_and_tells_its_owner(bot: BotHarness) -> None:
    await lent(bot)
    said = await shown(bot.alice, bot, "character ask-consent", name="Aurora", person=bot.bob)
    assert said == f"I asked <@{bot.bob.id}> in a direct message. I'll tell you the answer."
    [question] = [each for each in bot.bob.user.dm_channel.history() if each.author.bot]
    assert "May this character of you be used?" in words(question)
    assert labels(question) == ["Yes, that's fine", "No, delete it"]
    await bot.bob.user.click(question, label="Yes, that's fine")
    loans = await shown(bot.alice, bot, "character lend", name="Aurora")
    assert f"<@{bot.bob.id}> said yes on" in loans
    await bot.bob.user.click(question, label="No, delete it")
    assert await bot.harness.characters.by_name(bot.alice.id, "Aurora") is None
    told = [words(each) for each in bot.alice.user.dm_channel.history() if each.author.bot]
    assert f"<@{bot.bob.id}> said no to “Aurora”, so I deleted the character" in told[-1]


async def test_who_takes_no_direct_messages_is_called_in_the_channel_and_asked_there_alone(
    bot: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def closed(*_: object) -> bool:
        return False

    monkeypatch.setattr(consent, "send_dm", closed)
    await lent(bot, server=True)
    said = await bot.alice.slash(bot.channel, "character ask-consent", name="Aurora", person=bot.bob)
    assert said.response is not None
    assert "so I've mentioned them here" in words(said.response)
    call = said.followups[-1]
    assert not call.ephemeral
    assert call.content == f"<@{bot.bob.id}>, <@{bot.alice.id}> has a question for you. Only you can see it."
    assert "These buttons are for" in refusal(await bot.alice.click(call, label="See the question"))
    seen = await bot.bob.click(call, label="See the question")
    assert seen.ephemeral
    assert seen.response is not None
    assert "May this character of you be used?" in words(seen.response)
    await bot.bob.click(seen.response, label="Yes, that's fine")
    told = (await bot.alice.slash(bot.channel, "character list")).followups[-1]
    assert told.ephemeral
    assert told.content == f"<@{bot.bob.id}> said yes to “Aurora”."
    assert (await bot.alice.slash(bot.channel, "character list")).followups == []  # once
    await bot.bob.click(seen.response, label="No, delete it")
    assert "You said no" in words(seen.response)
    assert await bot.harness.characters.by_name(bot.alice.id, "Aurora") is None
    await character(bot.harness, bot.alice.id, "Rosie")
    told = (await bot.alice.slash(bot.channel, "character list")).followups[-1]
    assert told.ephemeral
    assert told.content == (
        "Somebody said no to being in “Aurora”, so I deleted the character, with its pictures and clips."
    )
    assert (await bot.alice.slash(bot.channel, "character list")).followups == []  # once
    again = await bot.alice.slash(bot.channel, "character ask-consent", name="Rosie", person=bot.bob)
    assert "They said no to you within the last 30 days" in refusal(again)


async def test_many_copies_that_a_no_has_deleted_are_told_a_few_at_a_time(bot: BotHarness) -> None:
    """All of their names are more than a sentence takes."""
    row = {"owner_id": bot.alice.id, "person_id": bot.bob.id, "asked_at": bot.harness.now, "answer": "no"}
    rows = [row | {"character_id": 900 + number, "untold": f"{number:02} {'x' * 29}"} for number in range(12)]
    async with bot.harness.database.write() as connection:
        await connection.execute(insert(person_consents), rows)
    told = [(await bot.alice.slash(bot.channel, "character list")).followups for _ in range(4)]
    said = "".join(each.content for messages in told for each in messages)
    assert [said.count(f"{number:02} xxx") for number in range(12)] == [1] * 12
    assert told[-1] == []
