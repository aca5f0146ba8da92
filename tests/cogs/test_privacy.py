"""/privacy export and /privacy delete: what a person gets, reads and presses, and that it is nobody else's."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import discord
import pytest
from simcord import InteractionResult, ResponseMessage

from bot.chat.buttons import DeleteEverything, KeepEverything, NextPart
from bot.chat.durable_items import DurableButton, view
from bot.store.drafts import Draft, UnsentVideo
from bot.store.file_folder import FileFolder
from bot.texts import text
from bot.values.job import Job, JobChanges, Lane, Outcome, Question, Step, Transition, VideoRequest
from bot.values.sent_message import NewMessage, ShownContent
from bot.values.source import Attachment, Link
from tests.cogs.bot_harness import PICTURE, BotHarness, labels, refusal, words
from tests.leases import lease_of

MB = 1024 * 1024


def answer(result: InteractionResult) -> ResponseMessage:
    """The one answer, for their eyes only."""
    shown = [message for message in (result.response, *result.followups) if message is not None]
    (message,) = shown
    assert message.ephemeral
    return message


async def zipped(message: ResponseMessage) -> tuple[dict[str, bytes], Mapping[str, Any]]:
    """The files of the zip that is attached to ``message``, and its document."""
    (attached,) = message.attachments
    with zipfile.ZipFile(io.BytesIO(await attached.read())) as made:
        assert made.testzip() is None
        files = {name: made.read(name) for name in made.namelist()}
    return files, json.loads(files.pop("castbook.json"))


async def exported(bot: BotHarness) -> tuple[dict[str, bytes], Mapping[str, Any]]:
    return await zipped(answer(await bot.alice.slash(bot.channel, "privacy export")))


def limited(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Discord takes files of ``size`` bytes at most."""
    made = discord.Interaction._from_data

    def from_data(self: Any, data: Any) -> None:
        made(self, data | {"attachment_size_limit": size})

    monkeypatch.setattr(discord.Interaction, "_from_data", from_data)


# -- export ---------------------------------------------------------------------------------------------------------


async def test_a_cast_is_taken_along_with_its_pictures_and_everything_known_of_it(bot: BotHarness) -> None:
    harness, alice = bot.harness, bot.alice.id
    clip = await harness.files.put_bytes(alice, b"clip", "video/mp4")
    stills = [await harness.files.put_bytes(alice, f"still {number}".encode(), "image/jpeg") for number in (1, 2)]
    await harness.character(alice, "Ada/Lovelace: <b>", username="duck.sings", portable=(clip, *stills))
    await harness.character(alice, "ada lovelace? <b>")
    await harness.character(alice, "アダ👩🏽", picture=None)
    await harness.character(bot.bob.id, "Bobby", picture=b"\x89PNG\r\n\x1a\n" + b"bob")

    message = answer(await bot.alice.slash(bot.channel, "privacy export"))
    assert "Start with castbook.json" in words(message)
    assert labels(message) == []
    assert message.attachments[0].filename == "castbook.zip"
    files, document = await zipped(message)
    assert files == {
        "characters/01 Ada_Lovelace_ _b/picture.png": PICTURE,
        "characters/01 Ada_Lovelace_ _b/clip.mp4": b"clip",
        "characters/01 Ada_Lovelace_ _b/still 1.jpg": b"still 1",
        "characters/01 Ada_Lovelace_ _b/still 2.jpg": b"still 2",
    }
    first, second, third = document["characters"]
    assert first == {
        "id": 1,
        "name": "Ada/Lovelace: <b>",
        "name_at_toapis": "Singing Duck",
        "username": "@duck.sings",
        "task_id": first["task_id"],
        "character_id_at_toapis": "ch_1",
        "model": "sora-2",
        "range": {"start": "1", "end": "3"},
        "made_at": "2026-01-01T12:00:01+00:00",
        "last_used_at": None,
        "note": "",
        "tags": [],
        "uses": 0,
        "picture": {
            "file": "characters/01 Ada_Lovelace_ _b/picture.png",
            "part": 1,
            "type": "image/png",
            "bytes": len(PICTURE),
            "sha256": first["picture"]["sha256"],
        },
        "picture_is_a_still_of_the_clip": False,
        "reference_set": first["reference_set"],
    }
    assert [each["file"].rpartition("/")[2] for each in first["reference_set"]] == [
        "clip.mp4",
        "still 1.jpg",
        "still 2.jpg",
    ]
    assert second["picture"]["file"] == first["picture"]["file"], "the same picture is kept once"
    assert (third["name"], third["picture"], third["reference_set"]) == ("アダ👩🏽", None, [])
    assert document["discord_user_id"] == str(alice)
    assert document["left_out"] == []
    assert "Bobby" not in json.dumps(document)
    assert len(document["what_stays_after_privacy_delete"]) == 6


async def test_jobs_drafts_consent_and_quota_are_in_it_but_nothing_that_works_like_a_key(bot: BotHarness) -> None:
    harness, alice, now = bot.harness, bot.alice.id, bot.harness.now
    origin = JobChanges(step=Step.CHOOSE, question=Question.CONSENT)
    waiting = await harness.job(alice, origin, name="Waiting")
    await harness.consents.record(alice, waiting.id, now=now)
    failed = await harness.job(alice)
    await harness.job_service.cancel(alice, failed.id)
    attached = Attachment(url="https://cdn.example/secret-signature", filename="holiday.mp4", size=12)
    await harness.drafts.add(Draft(id="d1", owner_id=alice, content=attached, created_at=now))
    unsent = UnsentVideo(request=VideoRequest(prompt="@Zoe waves", cast=()), unknown=("Zoe",))
    await harness.drafts.add(Draft(id="d2", owner_id=alice, content=unsent, created_at=now + timedelta(seconds=1)))
    await harness.job(bot.bob.id, name="Bobs")

    message = answer(await bot.alice.slash(bot.channel, "privacy export"))
    _, document = await zipped(message)
    first, second = document["jobs"]
    assert (first["id"], first["step"], first["question"], first["outcome"]) == (waiting.id, "choose", "consent", None)
    assert first["request"]["name"] == "Waiting"
    kept = {"kind": "attachment", "filename": "clip.mp4", "size": 10, "of_others": False}
    assert first["request"]["source"] == kept
    assert first["request"]["range"] == {"start": "1", "end": "3"}
    assert first["origin"]["channel_id"] == "2"
    assert second["outcome"] == "cancelled"
    form, wish = document["forms_not_sent_yet"]
    assert form == {"file_name": "holiday.mp4", "bytes": 12, "made_at": "2026-01-01T12:00:00+00:00"}
    assert (wish["request"]["prompt"], wish["unknown"]) == ("@Zoe waves", ["Zoe"])
    assert document["consent_given_at"] == "2026-01-01T12:00:00+00:00"
    assert document["today"] == {"jobs_used": 1, "limit": 5, "videos_used": 0}
    raw = json.dumps(document)
    for key in ("first-token", "secret-signature", "https://cdn.example/clip.mp4", "lease", "Bobs"):
        assert key not in raw


async def test_everything_a_job_may_have_is_in_it(bot: BotHarness) -> None:
    """Also fields that are added to jobs later: this test fails until they are exported."""
    await bot.harness.job(bot.alice.id)
    _, document = await exported(bot)
    (job,) = document["jobs"]
    left_out = {"owner_id", "lease_owner", "lease_until", "uploads"}  # "uploads": the provider's addresses
    assert set(job) == {field.name for field in fields(Job)} - left_out


async def test_a_link_is_their_own_and_an_end_is_said_in_words(bot: BotHarness) -> None:
    harness, alice = bot.harness, bot.alice.id
    job = await harness.job(alice)
    await harness.jobs.claim("test", now=harness.now, most=dict.fromkeys(Lane, 9))
    request = replace(job.character, source=Link(url="https://example.org/a.mp4"))
    failure = text("{reason} Nothing was charged.", reason=text("It has no sound."))
    told = JobChanges(step=Step.DONE, outcome=Outcome.FAILED, failure=failure, delivered_at=harness.now)
    changes = told | JobChanges(request=request)
    await harness.jobs.release(
        job.id, await lease_of(harness.jobs, job.id), Transition("test", changes), now=harness.now
    )
    _, document = await exported(bot)
    (said,) = document["jobs"]
    assert said["request"]["source"] == {"kind": "link", "url": "https://example.org/a.mp4"}
    assert said["failure"] == "It has no sound. Nothing was charged."


async def test_what_does_not_fit_into_one_file_comes_in_parts_by_a_button_also_after_a_restart(
    bot: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness, alice = bot.harness, bot.alice.id
    limited(monkeypatch, 1 * MB)
    for number in range(3):
        clip = await harness.files.put_bytes(alice, bytes([number]) * (600 * 1024), "video/mp4")
        await harness.character(alice, f"C{number}", picture=None, portable=(clip,))
    huge = await harness.files.put_bytes(alice, b"x" * (2 * MB), "video/mp4")
    await harness.character(alice, "Huge", picture=PICTURE, portable=(huge,))

    first = answer(await bot.alice.slash(bot.channel, "privacy export"))
    assert "part 1 of 3" in words(first)
    assert "were left out: 1" in words(first)
    assert first.attachments[0].filename == "castbook-1-of-3.zip"
    assert labels(first) == ["Part 2 of 3"]
    files, document = await zipped(first)
    assert list(files) == ["characters/01 C0/clip.mp4"]
    (left_out,) = document["left_out"]
    assert (left_out["file"], left_out["part"]) == ("characters/04 Huge/clip.mp4", None)
    assert "larger than Discord allows" in left_out["left_out"]

    await bot.restart()
    second = answer(await bot.alice.click(first, label="Part 2 of 3"))
    assert list((await zipped(second))[0]) == ["characters/02 C1/clip.mp4"]
    third = answer(await bot.alice.click(second, label="Part 3 of 3"))
    files, document = await zipped(third)
    assert list(files) == ["characters/03 C2/clip.mp4", "characters/04 Huge/picture.png"]
    assert (document["part"], document["parts"]) == (3, 3)
    assert labels(third) == []
    for part in (first, second, third):
        assert part.attachments[0].size <= 1 * MB

    c2 = await harness.characters.by_name(alice, "C2")
    assert c2 is not None
    await harness.characters.delete(alice, c2.id)
    gone = await bot.alice.click(second, label="Part 3 of 3")
    assert "use </privacy export" in refusal(gone)


async def test_a_picture_that_is_missing_does_not_stop_the_rest(bot: BotHarness) -> None:
    harness = bot.harness
    lost = await harness.character(bot.alice.id, "Lost")
    await harness.character(bot.alice.id, "Found", picture=PICTURE + b"2")
    assert lost.picture is not None
    await harness.files.delete(lost.picture.key)
    files, document = await exported(bot)
    assert list(files) == ["characters/02 Found/picture.png"]
    assert "missing from the file store" in document["characters"][0]["picture"]["left_out"]


async def test_a_person_without_data_is_told_so(bot: BotHarness) -> None:
    await bot.harness.character(bot.bob.id, "Bobby")
    assert "I keep nothing about you" in refusal(await bot.alice.slash(bot.channel, "privacy export"))
    assert "nothing about you" in refusal(await bot.alice.slash(bot.channel, "privacy delete"))


async def test_a_block_is_in_it_and_does_not_shut_anybody_out_of_their_own_data(bot: BotHarness) -> None:
    harness, alice = bot.harness, bot.alice.id
    await harness.character(alice, "Ada")
    await harness.blocks.block(alice, now=harness.now)
    await harness.servers.block(77, alice)
    _, document = await exported(bot)
    assert document["closed_to_you"] == {"everywhere_since": "2026-01-01T12:00:01+00:00", "in_servers": ["77"]}
    assert "have blocked you" in refusal(await bot.alice.slash(bot.channel, "character list"))
    question = answer(await bot.alice.slash(bot.channel, "privacy delete"))
    done = answer(await bot.alice.click(question, label="Delete everything"))
    assert "Everything is deleted" in words(done)
    assert harness.blocks.is_blocked(alice)
    assert harness.servers.is_blocked(77, alice)
    assert await harness.servers.known_blocked(77) == (alice,)
    assert "your user ID stays on that server's block list" in words(done)
    _, document = await exported(bot)
    assert document["characters"] == []
    assert document["closed_to_you"]["in_servers"] == ["77"]


# -- delete ---------------------------------------------------------------------------------------------------------


async def test_it_asks_first_and_says_what_there_is_and_what_stays(bot: BotHarness) -> None:
    harness, alice = bot.harness, bot.alice.id
    await harness.character(alice, "Ada")
    await harness.job(alice, JobChanges(step=Step.WATCH, submit_started_at=harness.now, task_id="task_run"))
    message = answer(await bot.alice.slash(bot.channel, "privacy delete"))
    said = words(message)
    for part in (
        "stills (1), your videos (0), your tasks (2)",
        "can't be undone",
        "</privacy export:",
        "Tasks that are still running: 1.",
        "keyed hash",
        "no way to delete",
        "Backups",
    ):
        assert part in said
    assert labels(message) == ["Delete everything", "Keep it"]
    assert len(message.embeds[0].description or "") < 4096 - 500
    kept = answer(await bot.alice.click(message, label="Keep it"))
    assert words(kept) == "Nothing was deleted."
    assert labels(kept) == []
    assert await harness.characters.count(alice) == 1


async def test_a_yes_after_a_restart_deletes_everything_of_theirs_and_of_nobody_else(bot: BotHarness) -> None:
    harness, alice, bob = bot.harness, bot.alice.id, bot.bob.id
    await harness.character(alice, "Ada")
    running = await harness.job(alice, JobChanges(step=Step.WATCH, submit_started_at=harness.now, task_id="task_run"))
    await harness.character(bob, "Bobby")
    question = answer(await bot.alice.slash(bot.channel, "privacy delete"))
    await bot.restart()
    done = answer(await bot.alice.click(question, label="Delete everything"))
    assert "Deleted: characters 1, videos 0, files 1, tasks 2." in words(done)
    assert "ToAPIs is still working on: 1." in words(done)
    assert labels(done) == []
    assert running.id in harness.interrupted
    listed = answer(await bot.alice.slash(bot.channel, "character list"))
    assert "Your cast is empty" in words(listed)
    assert await harness.characters.count(bob) == 1
    assert isinstance(harness.files._place, FileFolder)
    assert not (Path(harness.files._place._root) / str(alice)).exists()
    assert (Path(harness.files._place._root) / str(bob)).exists()
    again = await bot.alice.slash(bot.channel, "privacy delete")
    assert "nothing about you" in refusal(again)


@pytest.mark.parametrize("remove", [True, False])
async def test_it_offers_to_remove_the_messages_about_them(bot: BotHarness, remove: bool) -> None:
    harness, alice = bot.harness, bot.alice.id
    ada = await harness.character(alice, "Ada")
    card = await bot.env.bot.get_partial_messageable(bot.channel.id).send("Ada")
    await harness.app.record_sent(
        NewMessage(
            owner_id=alice,
            channel_id=card.channel.id,
            message_id=card.id,
            shows=ShownContent.RESULT,
            locale="en",
            character_id=ada.id,
        )
    )
    _, document = await exported(bot)
    (known,) = document["messages_in_discord"]
    assert (known["message_id"], known["character_id"]) == (str(card.id), ada.id)
    question = answer(await bot.alice.slash(bot.channel, "privacy delete"))
    assert "My messages about you that I can still reach: 1." in words(question)
    assert labels(question) == ["Delete everything", "Delete messages too", "Keep it"]
    await bot.restart()
    pressed = "Delete messages too" if remove else "Delete everything"
    done = answer(await bot.alice.click(question, label=pressed))
    assert ("I'm removing my messages about you now: 1." in words(done)) is remove
    assert ("lose their name, picture and buttons" in words(done)) is not remove
    await bot.restart()  # what is to be done stands in the database
    await bot.harness.app.message_updates.update()
    left = [each for each in bot.channel.history() if each.id == card.id]
    assert [words(each) for each in left] == ([] if remove else ["This character was deleted by its owner."])
    assert "nothing about you" in refusal(await bot.alice.slash(bot.channel, "privacy delete"))


async def test_a_strangers_press_does_nothing(bot: BotHarness) -> None:
    """Nobody else sees those messages. A press that somebody forges is refused."""
    await bot.harness.character(bot.alice.id, "Ada")
    alice = bot.alice.id
    theirs: tuple[DurableButton, ...] = (
        DeleteEverything(alice, "Press"),
        KeepEverything(alice, "Press"),
        NextPart(1, alice, "Press"),
    )
    for each in theirs:
        await bot.env.bot.get_partial_messageable(bot.channel.id).send("public", view=view(each))
        message = bot.channel.last_message
        assert message is not None
        assert "These buttons are for the person who started this" in refusal(
            await bot.bob.click(message, label="Press")
        )
    assert await bot.harness.characters.count(bot.alice.id) == 1


async def test_deleting_everything_does_not_reset_the_day(bot: BotHarness) -> None:
    harness, alice = bot.harness, bot.alice.id
    for _ in range(5):
        await harness.character(alice, "Ada")
    create = partial(bot.alice.slash, bot.channel, "character create", task="task_01", range="1-3")
    assert "used up your 5 characters for today" in refusal(await create())
    await harness.erasure.erase(alice)
    assert "used up your 5 characters for today" in refusal(await create())
    harness.now += timedelta(days=1)
    await create()
    assert len(await bot.jobs_of(bot.alice)) == 1
