"""/video list: pages, one video again, its end; and a character of a video that is kept."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import av
import pytest
import simcord
from sqlalchemy import select

from bot.media.worker import MediaWorker
from bot.store.tables import drafts
from bot.values.files import StoredFile
from bot.values.job import CastRole
from bot.values.source import StoredVideo
from bot.values.video import Fitted
from tests.cards import titles
from tests.cogs.bot_harness import FILM, BotHarness, labels, refusal, words
from tests.rendered_clips import render_clip


def shown(result: simcord.InteractionResult) -> simcord.ResponseMessage:
    assert result.response is not None
    assert result.ephemeral
    return result.response


async def test_an_empty_list_says_how_to_begin(bot: BotHarness) -> None:
    await bot.harness.video(bot.bob.id, "Bob's own")
    page = shown(await bot.alice.slash(bot.channel, "video list"))
    assert "</video create:" in words(page)
    assert "Bob" not in words(page)
    assert labels(page) == ["New video…"]


async def test_pages_have_posters_and_are_turned_also_after_a_restart(bot: BotHarness) -> None:
    for number in range(1, 6):
        await bot.harness.video(bot.alice.id, f"Scene {number}")
    page = shown(await bot.alice.slash(bot.channel, "video list"))
    assert titles(page) == ["Scene 5", "Scene 4", "Scene 3", "Scene 2"]
    assert "Aurora · wan2.6 · 5 s" in words(page)
    assert "1–4 of 5" in words(page)
    assert len(page.attachments) == 4
    assert labels(page)[-2:] == ["Next", "New video…"]
    await bot.restart()
    await bot.alice.click(page, label="Next")
    assert titles(page) == ["Scene 1"]
    assert "5 of 5" in words(page)
    assert labels(page) == ["Watch", "Another take…", "Previous", "New video…"]


async def test_one_is_shown_again_and_deleted_with_a_question(bot: BotHarness) -> None:
    made = await bot.harness.video(bot.alice.id, "Aurora dances")
    page = shown(await bot.alice.slash(bot.channel, "video list"))
    again = shown(await bot.alice.click(page, label="Watch"))
    (attachment,) = again.attachments
    assert await attachment.read() == FILM
    assert labels(again) == ["Again", "Another take…", "New character from this", "Delete"]
    question = shown(await bot.alice.click(again, label="Delete"))
    assert "can't be undone" in words(question)
    await bot.alice.click(question, label="Keep it")
    assert await bot.harness.app.stores.videos.get(bot.alice.id, made.id) is not None
    question = shown(await bot.alice.click(again, label="Delete"))
    await bot.alice.click(question, label="Delete it")
    assert "I deleted the video" in words(question)
    assert await bot.harness.app.stores.videos.get(bot.alice.id, made.id) is None
    with pytest.raises(FileNotFoundError):
        await bot.harness.files.read(made.file.key)
    assert "no longer here" in refusal(await bot.alice.click(page, label="Watch"))


async def test_a_video_that_is_too_large_for_a_message_is_shown_by_its_poster(bot: BotHarness) -> None:
    made = await bot.harness.video(bot.alice.id, "A long one", film=FILM + bytes(30 * 1024 * 1024))
    page = shown(await bot.alice.slash(bot.channel, "video list"))
    again = shown(await bot.alice.click(page, label="Watch"))
    assert "The file is 31 MB" in words(again)
    assert [each.filename for each in again.attachments] == [f"poster-{made.id}.webp"]


async def test_a_video_that_is_too_large_is_made_smaller_as_for_its_delivery(
    bot: BotHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.to_thread(render_clip, tmp_path / "film.mp4", seconds=2, size=(640, 360), fps=24)
    film = await asyncio.to_thread((tmp_path / "film.mp4").read_bytes)
    made = await bot.harness.video(bot.alice.id, "A long one", film=film + bytes(30 * 1024 * 1024))
    said = list[str]()
    fit = MediaWorker.fit

    async def watched(worker: MediaWorker, source: Path, most_bytes: int, folder: Path) -> Fitted:
        last = list(bot.env.backend.interactions.values())[-1]
        assert last.message_id is not None
        message = bot.env.backend.get_message(last.channel_id, last.message_id)
        said.append(str(message.components))
        bot.harness.now += timedelta(days=1)  # nothing keeps the folder but that it is used
        await bot.harness.app.maintenance.tidy()
        return await fit(worker, source, most_bytes, folder)

    monkeypatch.setattr(MediaWorker, "fit", watched)
    page = shown(await bot.alice.slash(bot.channel, "video list"))
    again = shown(await bot.alice.click(page, label="Watch"))
    (attachment,) = again.attachments
    assert attachment.filename == f"video-{made.id}.mp4"
    data = await attachment.read()
    assert len(data) <= 25 * 1024 * 1024
    with av.open(BytesIO(data), mode="r") as container:
        assert len(list(container.decode(video=0))) == 48
    assert "too large" not in words(again)
    assert ["I'm making a smaller one" in each for each in said] == [True]
    monkeypatch.setattr(MediaWorker, "fit", None)
    assert len(shown(await bot.alice.click(page, label="Watch")).attachments) == 1


async def test_a_file_that_discord_takes_less_of_than_it_said_is_made_smaller_still(
    bot: BotHarness, tmp_path: Path
) -> None:
    await asyncio.to_thread(render_clip, tmp_path / "film.mp4", seconds=2, size=(640, 360), fps=24)
    film = await asyncio.to_thread((tmp_path / "film.mp4").read_bytes)
    made = await bot.harness.video(bot.alice.id, "A long one", film=film + bytes(11 * 1024 * 1024))
    page = shown(await bot.alice.slash(bot.channel, "video list"))
    bot.env.inject_error("PATCH", "/webhooks/*", status=413, code=40005)
    again = shown(await bot.alice.click(page, label="Watch"))
    (attachment,) = again.attachments
    assert len(await attachment.read()) <= 10 * 1024 * 1024
    assert attachment.filename == f"video-{made.id}.mp4"


async def test_a_character_is_made_of_a_video_that_is_kept(bot: BotHarness) -> None:
    made = await bot.harness.video(bot.alice.id, "Aurora dances", task="task_of_alice")
    await bot.harness.video(bot.bob.id, "Bob's own")
    bot.harness.now += timedelta(hours=3)
    choices = await bot.alice.autocomplete(bot.channel, "character create", "task", "dan")
    assert [(each["name"], each["value"]) for each in choices] == [("3 h ago: Aurora dances", made.job_id)]
    await bot.alice.slash(bot.channel, "character create", task=made.job_id)
    job = await bot.job_of(bot.alice)
    assert job.character.source == StoredVideo(video_id=made.id)
    assert job.character.range is None  # it is here, so the seconds can be picked


async def test_its_id_at_the_provider_means_the_kept_video_to_its_owner_alone(bot: BotHarness) -> None:
    made = await bot.harness.video(bot.alice.id, "Aurora dances", task="task_of_alice")
    await bot.alice.slash(bot.channel, "character create", task="task_of_alice", range="1-3")
    assert (await bot.job_of(bot.alice)).character.source == StoredVideo(video_id=made.id)
    await bot.bob.slash(bot.channel, "character create", task="task_of_alice", range="1-3")
    assert not isinstance((await bot.job_of(bot.bob)).character.source, StoredVideo)


async def test_another_take_has_all_that_was_wished_and_leaves_the_video_where_it_is(bot: BotHarness) -> None:
    aurora = await bot.harness.character(bot.alice.id, "Aurora", portable=(await still(bot),))
    role = CastRole(character_id=aurora.id, name="Aurora")
    await bot.harness.video(bot.alice.id, "@Aurora dances", player=role)
    page = shown(await bot.alice.slash(bot.channel, "video list"))
    card = shown(await bot.alice.click(page, label="Watch"))
    form = await bot.alice.click(card, label="Another take…")
    async with bot.harness.database.read() as connection:
        assert (await connection.execute(select(drafts))).all() == [], "nothing is written that a kill could prevent"
    await bot.restart()
    values = {"prompt": "@Aurora sings", "cast": [str(aurora.id)], "model": ["viduq3"]}
    await bot.alice.submit_modal(form, values)
    request = (await bot.job_of(bot.alice)).video
    assert (request.prompt, request.cast, request.model) == ("@Aurora sings", (role,), "viduq3")
    assert request.duration == 5  # as it was
    assert "Another take…" in labels(card)


async def test_another_take_of_a_video_that_is_deleted_meanwhile_is_what_was_typed(bot: BotHarness) -> None:
    aurora = await bot.harness.character(bot.alice.id, "Aurora", portable=(await still(bot),))
    role = CastRole(character_id=aurora.id, name="Aurora")
    made = await bot.harness.video(bot.alice.id, "@Aurora dances", player=role)
    page = shown(await bot.alice.slash(bot.channel, "video list"))
    card = shown(await bot.alice.click(page, label="Watch"))
    form = await bot.alice.click(card, label="Another take…")
    await bot.harness.app.stores.videos.delete(bot.alice.id, made.id)
    await bot.alice.submit_modal(form, {"prompt": "@Aurora sings", "cast": [str(aurora.id)], "model": ["viduq3"]})
    request = (await bot.job_of(bot.alice)).video
    assert (request.prompt, request.cast, request.model, request.duration) == ("@Aurora sings", (role,), "viduq3", None)


async def test_a_character_is_started_from_a_video_with_one_press(bot: BotHarness) -> None:
    made = await bot.harness.video(bot.alice.id, "Aurora dances")
    page = shown(await bot.alice.slash(bot.channel, "video list"))
    card = shown(await bot.alice.click(page, label="Watch"))
    await bot.alice.click(card, label="New character from this")
    job = await bot.job_of(bot.alice)
    assert (job.character.source, job.character.range) == (StoredVideo(video_id=made.id), None)


async def test_tasks_lead_to_the_video_that_was_made(bot: BotHarness) -> None:
    made = await bot.harness.video(bot.alice.id, "Aurora dances")
    tasks = shown(await bot.alice.slash(bot.channel, "tasks"))
    assert "Aurora dances (a video)" in words(tasks)
    await bot.alice.select(tasks, [made.job_id])
    assert "wan2.6" in words(tasks)
    film = shown(await bot.alice.click(tasks, label="Show the video"))
    (attachment,) = film.attachments
    assert await attachment.read() == FILM


async def still(bot: BotHarness) -> StoredFile:
    return await bot.harness.files.put_bytes(bot.alice.id, b"a still", "image/jpeg")
