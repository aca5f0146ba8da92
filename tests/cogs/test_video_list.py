"""/video list: pages, one video again, its end; and a character of a video that is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
import simcord

from bot.values.files import StoredFile
from bot.values.job import CastRole
from bot.values.source import StoredVideo
from tests.cogs.stage import FILM, Stage, labels, refusal, words


def shown(result: simcord.InteractionResult) -> simcord.ResponseMessage:
    assert result.response is not None
    assert result.ephemeral
    return result.response


async def test_an_empty_list_says_how_to_begin(stage: Stage) -> None:
    await stage.house.video(stage.bob.id, "Bob's own")
    page = shown(await stage.alice.slash(stage.channel, "video list"))
    assert "</video create:" in words(page)
    assert "Bob" not in words(page)
    assert labels(page) == ["New video…"]


async def test_pages_have_posters_and_are_turned_also_after_a_restart(stage: Stage) -> None:
    for number in range(1, 6):
        await stage.house.video(stage.alice.id, f"Scene {number}")
    page = shown(await stage.alice.slash(stage.channel, "video list"))
    assert [embed.title for embed in page.embeds] == ["Scene 5", "Scene 4", "Scene 3", "Scene 2"]
    assert "Aurora · wan2.6 · 5 s" in words(page)
    assert "1–4 of 5" in words(page)
    assert len(page.attachments) == 4
    assert labels(page) == ["Next", "New video…"]
    await stage.restart()
    await stage.alice.click(page, label="Next")
    assert [embed.title for embed in page.embeds] == ["Scene 1"]
    assert "5 of 5" in words(page)
    assert labels(page) == ["Previous", "New video…"]


async def test_one_is_shown_again_and_deleted_with_a_question(stage: Stage) -> None:
    made = await stage.house.video(stage.alice.id, "Aurora dances")
    page = shown(await stage.alice.slash(stage.channel, "video list"))
    again = shown(await stage.alice.select(page, [str(made.id)]))
    (attachment,) = again.attachments
    assert await attachment.read() == FILM
    assert labels(again) == ["Again", "Another take…", "New character from this", "Delete"]
    question = shown(await stage.alice.click(again, label="Delete"))
    assert "can't be undone" in words(question)
    await stage.alice.click(question, label="Keep it")
    assert await stage.house.app.stores.videos.get(stage.alice.id, made.id) is not None
    question = shown(await stage.alice.click(again, label="Delete"))
    await stage.alice.click(question, label="Delete it")
    assert "I deleted the video" in words(question)
    assert await stage.house.app.stores.videos.get(stage.alice.id, made.id) is None
    with pytest.raises(FileNotFoundError):
        await stage.house.files.read(made.file.key)
    assert "no longer here" in refusal(await stage.alice.select(page, [str(made.id)]))


async def test_a_video_that_is_too_large_for_a_message_is_shown_by_its_poster(stage: Stage) -> None:
    made = await stage.house.video(stage.alice.id, "A long one", film=FILM + bytes(30 * 1024 * 1024))
    page = shown(await stage.alice.slash(stage.channel, "video list"))
    again = shown(await stage.alice.select(page, [str(made.id)]))
    assert "The file has 31 MB" in words(again)
    assert [each.filename for each in again.attachments] == [f"poster-{made.id}.webp"]


async def test_a_character_is_made_of_a_video_that_is_kept(stage: Stage) -> None:
    made = await stage.house.video(stage.alice.id, "Aurora dances", task="task_of_alice")
    await stage.house.video(stage.bob.id, "Bob's own")
    stage.house.now += timedelta(hours=3)
    choices = await stage.alice.autocomplete(stage.channel, "character create", "task", "dan")
    assert [(each["name"], each["value"]) for each in choices] == [("3 h ago: Aurora dances", made.job_id)]
    await stage.alice.slash(stage.channel, "character create", task=made.job_id)
    job = await stage.job_of(stage.alice)
    assert job.character.source == StoredVideo(video_id=made.id)
    assert job.character.range is None  # it is here, so the seconds can be picked


async def test_its_id_at_the_provider_means_the_kept_video_to_its_owner_alone(stage: Stage) -> None:
    made = await stage.house.video(stage.alice.id, "Aurora dances", task="task_of_alice")
    await stage.alice.slash(stage.channel, "character create", task="task_of_alice", range="1-3")
    assert (await stage.job_of(stage.alice)).character.source == StoredVideo(video_id=made.id)
    await stage.bob.slash(stage.channel, "character create", task="task_of_alice", range="1-3")
    assert not isinstance((await stage.job_of(stage.bob)).character.source, StoredVideo)


async def test_another_take_has_all_that_was_wished_and_leaves_the_video_where_it_is(stage: Stage) -> None:
    aurora = await stage.house.character(stage.alice.id, "Aurora", portable=(await still(stage),))
    role = CastRole(character_id=aurora.id, name="Aurora")
    made = await stage.house.video(stage.alice.id, "@Aurora dances", player=role)
    page = shown(await stage.alice.slash(stage.channel, "video list"))
    card = shown(await stage.alice.select(page, [str(made.id)]))
    form = await stage.alice.click(card, label="Another take…")
    await stage.restart()
    values = {"prompt": "@Aurora sings", "cast": [str(aurora.id)], "model": ["viduq3"]}
    await stage.alice.submit_modal(form, values)
    request = (await stage.job_of(stage.alice)).video
    assert (request.prompt, request.cast, request.model) == ("@Aurora sings", (role,), "viduq3")
    assert request.duration == 5  # as it was
    assert "Another take…" in labels(card)


async def test_a_character_is_started_from_a_video_with_one_press(stage: Stage) -> None:
    made = await stage.house.video(stage.alice.id, "Aurora dances")
    page = shown(await stage.alice.slash(stage.channel, "video list"))
    card = shown(await stage.alice.select(page, [str(made.id)]))
    await stage.alice.click(card, label="New character from this")
    job = await stage.job_of(stage.alice)
    assert (job.character.source, job.character.range) == (StoredVideo(video_id=made.id), None)


async def test_tasks_lead_to_the_video_that_was_made(stage: Stage) -> None:
    made = await stage.house.video(stage.alice.id, "Aurora dances")
    tasks = shown(await stage.alice.slash(stage.channel, "tasks"))
    assert "Aurora dances (a video)" in words(tasks)
    await stage.alice.select(tasks, [made.job_id])
    assert "wan2.6" in words(tasks)
    film = shown(await stage.alice.click(tasks, label="Show the video"))
    (attachment,) = film.attachments
    assert await attachment.read() == FILM


async def still(stage: Stage) -> StoredFile:
    return await stage.house.files.put_bytes(stage.alice.id, b"a still", "image/jpeg")
