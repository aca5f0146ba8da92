"""How a task goes on: by the clock, held, refused, finished; and what its result is."""

import io
import re

import numpy as np
import pytest
from PIL import Image

URL = "https://videos.example/clip.mp4"


async def submit(caller, path, **fields):
    return await caller.created(url=await caller.upload(path), **fields)


async def seen(caller, task):
    body = await caller.status(task)
    return body["status"], body["progress"]


async def test_progress_is_a_function_of_the_clock(caller, clips, clock):
    task = await submit(caller, clips / "rgb.mp4")
    for seconds, expected in ((0, ("queued", 0)), (9, ("queued", 0)), (3, ("in_progress", 12)),
                              (0, ("in_progress", 12)), (38.6, ("in_progress", 50)), (49.3, ("in_progress", 99)),
                              (0.1, ("completed", 100)), (500, ("completed", 100))):  # fmt: skip
        clock.advance(seconds)
        assert await seen(caller, task) == expected


async def test_a_task_may_take_no_time_at_all(caller, provider, clips):
    provider.seconds_per_task = 0
    status, body, _ = await caller.create(url=await caller.upload(clips / "rgb.mp4"))
    assert (status, body["status"], body["progress"]) == (200, "queued", 0)
    assert await seen(caller, body["id"]) == ("completed", 100)


async def test_a_finished_character_is_as_documented(caller, provider, clips, clock):
    task = await submit(caller, clips / "rgb.mp4", client_business_id="mine")
    clock.advance(120)
    body = await caller.status(task)
    (character,) = body.pop("result")["data"]["characters"]
    now = int(clock.now.timestamp())
    assert body == {
        "id": task,
        "object": "generation.task",
        "model": "sora-2",
        "status": "completed",
        "progress": 100,
        "created_at": now - 120,
        "completed_at": now,
        "expires_at": now + 24 * 3600,
        "metadata": {"simulated": True},
        "client_business_id": "mine",
    }
    assert set(character) == {"id", "display_name", "profile_picture_url", "username"}
    assert re.fullmatch(r"ch_[0-9a-f]{32}", character["id"])
    assert re.fullmatch(r"[a-z]{8}\.[a-z_]{1,10}", character["username"])
    assert character["display_name"].lower().startswith(character["username"].split(".")[1].split("_")[0])
    assert character["profile_picture_url"].startswith(provider.base_url + "/pictures/")


@pytest.mark.parametrize(("timestamps", "main"), [("0,1.5", 0), ("2.1,3.9", 1), ("4.5,6", 2)])
async def test_the_picture_is_cut_out_of_the_range(caller, clips, clock, timestamps, main):
    task = await submit(caller, clips / "rgb.mp4", timestamps=timestamps)
    clock.advance(100)
    (character,) = (await caller.status(task))["result"]["data"]["characters"]
    async with caller.session.get(character["profile_picture_url"]) as answer:
        assert (answer.status, answer.content_type) == (200, "image/jpeg")
        assert "simulated" in answer.headers["Server"]
        picture = Image.open(io.BytesIO(await answer.read()))
    shares = np.asarray(picture.convert("RGB")).reshape(-1, 3).mean(axis=0)
    assert picture.format == "JPEG"
    assert shares.argmax() == main


async def test_our_own_talking_clip_becomes_a_character(caller, clips, clock):
    task = await submit(caller, clips / "talking.mp4")
    clock.advance(100)
    assert await seen(caller, task) == ("completed", 100)


@pytest.mark.parametrize(
    ("clip", "timestamps", "said"),
    [
        ("silent.mp4", "0,1", "no audio track"),
        ("rgb.mp4", "4,7", "the range ends at 7 s but the video is only 6.00 s long"),
        ("broken.mp4", "0,1", "cannot be read"),
    ],
)
async def test_an_unusable_clip_fails_later_and_not_at_once(caller, clips, tmp_path, clock, clip, timestamps, said):
    (tmp_path / "broken.mp4").write_bytes((clips / "rgb.mp4").read_bytes()[:300])
    task = await submit(caller, (tmp_path if clip == "broken.mp4" else clips) / clip, timestamps=timestamps)
    clock.advance(19)
    assert await seen(caller, task) == ("in_progress", 19)
    clock.advance(1)
    body = await caller.status(task)
    assert (body["status"], body["error"]["code"]) == ("failed", "generation_failed")
    assert said in body["error"]["message"]
    assert "simulated" in body["error"]["message"]
    assert "result" not in body
    assert (await caller.balance())["used_balance"] == 0


@pytest.mark.parametrize("url", [URL, "{base}/files/nobody.mp4", "{base}.example/files/clip.mp4"])
async def test_other_addresses_are_never_fetched(caller, provider, clock, url):
    task = await caller.created(url=url.format(base=provider.base_url))
    clock.advance(20)
    body = await caller.status(task)
    assert body["status"] == "failed"
    assert "cannot fetch" in body["error"]["message"]


async def test_held_tasks_stop_and_go_on_from_there(caller, provider, clips, clock):
    ahead = await submit(caller, clips / "rgb.mp4")
    clock.advance(60)
    provider.hold_at(50)
    task = await submit(caller, clips / "rgb.mp4")
    clock.advance(1000)
    assert await seen(caller, task) == ("in_progress", 50)
    assert await seen(caller, ahead) == ("in_progress", 60)  # never backwards
    provider.hold_at(70)
    clock.advance(15)
    assert await seen(caller, task) == ("in_progress", 65)
    clock.advance(15)
    assert await seen(caller, task) == ("in_progress", 70)
    provider.hold_at(None)
    assert await seen(caller, task) == ("in_progress", 70)
    clock.advance(29)
    assert await seen(caller, task) == ("in_progress", 99)
    clock.advance(1)
    assert await seen(caller, task) == ("completed", 100)


async def test_a_hold_that_was_never_reached_costs_no_time(caller, provider, clips, clock):
    provider.hold_at(50)
    task = await submit(caller, clips / "rgb.mp4")
    clock.advance(30)
    provider.hold_at(None)
    clock.advance(70)
    assert await seen(caller, task) == ("completed", 100)


async def test_a_finished_task_is_not_held(caller, provider, clips, clock):
    task = await submit(caller, clips / "rgb.mp4")
    clock.advance(100)
    assert await seen(caller, task) == ("completed", 100)
    provider.hold_at(50)
    assert await seen(caller, task) == ("completed", 100)


@pytest.mark.parametrize(
    ("path", "characters", "generations"),
    [("both", 200, 200), ("characters_tasks", 200, 404), ("generations", 404, 200)],
)
async def test_which_path_knows_a_character_task(caller, provider, path, characters, generations):
    task = await caller.created(url=URL)
    provider.status_path = path
    for prefix, expected in (("characters_tasks", characters), ("videos/generations", generations)):
        status, body, headers = await caller.call("GET", f"/v1/{prefix}/{task}")
        assert status == expected
        assert headers["X-RateLimit-Category"] == "async_query"
        assert expected == 200 or body["error"]["code"] == "task_not_found"


async def test_our_own_id_is_remembered(caller, provider):
    task = await caller.created(url=URL, client_business_id="mine")
    for prefix in ("characters_tasks", "videos/generations"):
        status, body, _ = await caller.call("GET", f"/v1/{prefix}/mine")
        assert (status, body["id"], body["client_business_id"]) == (200, task, "mine")
    status, _, _ = await caller.call("GET", "/v1/characters_tasks/yours")
    assert status == 404


async def test_a_repeat_with_the_same_id_replays_the_task(caller, provider, clips, clock):
    task = await submit(caller, clips / "rgb.mp4", client_business_id="mine")
    clock.advance(100)
    status, body, _ = await caller.create(url=URL, client_business_id="mine")
    assert (status, body["id"], body["status"]) == (200, task, "completed")
    assert [submission.replayed for submission in provider.submissions] == [False, True]
    assert len(provider.tasks) == 1
    assert provider.account.used == provider.account.price
    assert await caller.created(url=URL, client_business_id="another") != task


async def test_our_own_id_is_forgotten(caller, provider):
    provider.remembers_business_id = False
    status, body, _ = await caller.create(url=URL, client_business_id="mine")
    assert status == 200
    assert "client_business_id" not in body
    for prefix in ("characters_tasks", "videos/generations"):
        status, _, _ = await caller.call("GET", f"/v1/{prefix}/mine")
        assert status == 404
    assert await caller.created(url=URL, client_business_id="mine") != body["id"]
    assert [submission.business_id for submission in provider.submissions] == ["mine", "mine"]
    assert provider.account.used == 2 * provider.account.price


async def test_requests_without_an_id_are_never_the_same(caller, provider):
    assert await caller.created(url=URL) != await caller.created(url=URL)


async def test_names_differ_and_repeat_with_a_seed(make_caller, clips):
    async def names(seed):
        caller = await make_caller(seed=seed)
        tasks = [await submit(caller, clips / "rgb.mp4") for _ in range(3)]
        bodies = [await caller.status(task) for task in tasks]
        return [body["result"]["data"]["characters"][0]["display_name"] for body in bodies], tasks

    first, again, other = await names(1), await names(1), await names(2)
    assert len(set(first[0])) == 3
    assert first[1] == again[1] != other[1]
    assert sorted(first[0]) == sorted(again[0])
