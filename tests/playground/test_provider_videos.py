"""Videos of the simulated provider: what each family's page takes, what it refuses, and who is seen in the end."""

import asyncio
import copy
import io
import json
from datetime import timedelta
from typing import Any

import aiohttp
import av
import numpy as np
import pytest
from PIL import Image

from bot.provider.models.catalogue import CARDS
from bot.provider.models.encoding import encode
from bot.provider.models.plan import media_plan
from bot.provider.models.video_spec import CastMember, Clip, Still, VideoSpec
from bot.values.character import FileKind
from playground.provider.pages import PAGES
from tests.provider.models.wishes import ONE_OF_EACH_FORM

AVATARS = "/v1/videos/doubao-seedance-2-0/private-avatar"
COLOURS = {"Anna": (220, 20, 20), "Bo": (20, 20, 220)}
SIZE = (854, 480)


@pytest.fixture(scope="session")
def people(film, tmp_path_factory):
    """Of each: three pictures and a clip of four seconds, all of one colour."""
    folder = tmp_path_factory.mktemp("people")
    for name, colour in COLOURS.items():
        film.write(folder / f"{name}.mp4", lambda _, colour=colour: film.flat(colour, SIZE), seconds=4, fps=24)
        for number in range(3):
            Image.new("RGB", SIZE, colour).save(folder / f"{name}{number}.jpg")
    return folder


class Desk:
    """Uploads what a model wants to see, and asks it for a video."""

    def __init__(self, caller, people):
        self.caller, self.people, self.usernames = caller, people, {}
        self._uploads = {}

    async def upload(self, path):
        if path not in self._uploads:
            form = aiohttp.FormData()
            form.add_field("file", await asyncio.to_thread(path.read_bytes), filename="picture")
            kind = "videos" if path.suffix == ".mp4" else "images"
            status, body, _ = await self.caller.call("POST", f"/v1/uploads/{kind}", data=form)
            assert status == 200, body
            self._uploads[path] = body["data"]["url"]
        return self._uploads[path]

    async def cast(self, card, names):
        made = {}
        for name in names:
            if card.provider_character:
                task = await self.caller.created(url=await self.upload(self.people / f"{name}.mp4"))
                [character] = (await self.caller.status(task))["result"]["data"]["characters"]
                made = {"task_id": task, "username": character["username"]}
            stills = (Still(*SIZE),) * 3
            yield CastMember(name=name, stills=stills, clip=Clip(4.0), **made)

    async def body(self, model, prompt="@Anna waves at @Bo", names=("Anna", "Bo"), **wished):
        card = CARDS[model]
        cast = tuple([each async for each in self.cast(card, names)])
        media = {}
        for needed in media_plan(card, cast):
            name = cast[needed.member].name
            ending = f"{needed.number}.jpg" if needed.kind is FileKind.STILL else ".mp4"
            media[needed] = await self.upload(self.people / f"{name}{ending}")
        return encode(card, VideoSpec(prompt=prompt, cast=cast, **wished), media, business_id="0123456789abcdef")

    async def ask(self, body):
        return await self.caller.call("POST", "/v1/videos/generations", json=body)

    async def asked(self, body):
        status, answer, _ = await self.ask(body)
        assert status == 200, answer
        return answer["id"]

    async def status(self, task):
        status, answer, _ = await self.caller.call("GET", f"/v1/videos/generations/{task}")
        assert status == 200, answer
        return answer

    async def fetch(self, url):
        async with self.caller.session.get(url) as answer:
            return answer.status, await answer.read()

    async def seen(self, task):
        """The finished video: its picture in the middle, its seconds, and whether it has sound."""
        [video] = (await self.status(task))["result"]["data"]
        _, data = await self.fetch(video["url"])
        with av.open(io.BytesIO(data), "r", format="mp4") as container:
            frames = list(container.decode(video=0))
            assert container.duration is not None
            middle = frames[len(frames) // 2].to_ndarray(format="rgb24")
            return middle, container.duration / av.time_base, bool(container.streams.audio)


@pytest.fixture
def desk(caller, provider, people):
    provider.seconds_per_task = 0
    return Desk(caller, people)


def shares(picture, colour):
    """How much of the left and of the right half has that colour."""
    near = np.abs(picture.astype(int) - colour).max(axis=2) < 60
    middle = near.shape[1] // 2
    return near[:, :middle].mean(), near[:, middle:].mean()


def test_every_model_of_the_bot_has_a_page_and_every_page_a_card():
    assert set(PAGES) == set(CARDS)


@pytest.mark.parametrize("model", PAGES)
async def test_what_the_bot_writes_is_taken(desk, provider, model):
    provider.videos.refuses_next = 1  # later, so that no film is made
    task = await desk.asked(await desk.body(model))
    [submission] = provider.videos.submissions
    assert (submission.task_id, submission.replayed) == (task, False)
    assert submission.business_id == ("0123456789abcdef" if CARDS[model].business_id_field else None)


@pytest.mark.parametrize("model", ONE_OF_EACH_FORM)
async def test_both_characters_are_seen(desk, model):
    task = await desk.asked(await desk.body(model))
    picture, seconds, sound = await desk.seen(task)
    (red_left, red_right), (blue_left, blue_right) = (shares(picture, COLOURS[name]) for name in ("Anna", "Bo"))
    assert red_left > 0.4 > 0.05 > red_right
    assert blue_right > 0.4 > 0.05 > blue_left
    assert 2 <= seconds <= 4.1
    card = CARDS[model]
    assert sound == (card.sound_default if card.sound_field else True)


async def test_a_video_in_another_shape_and_without_sound(desk):
    task = await desk.asked(await desk.body("kling-v3-omni", ratio="9:16", resolution="1080p", sound=False))
    picture, _, sound = await desk.seen(task)
    assert (picture.shape, sound) == ((640, 360, 3), False)


def leaves(value, path=()):
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list) and value:
        for at, inner in enumerate(value):
            yield from leaves(inner, (*path, at))
    else:
        yield path


SPOILS: list[Any] = [None, "", [], {}, -7, 3.5, "data:image/png;base64,AAAA", "https://elsewhere.example/a.jpg"]


@pytest.mark.parametrize("model", ["sora-2", "wan2.6", "wan2.6-flash", "wan3.0-video", "viduq3", "seedance-2-5",
                                   "MiniMax-H3", "kling-v3-omni", "kling-v3", "happyhorse-1.1", "veo3.1-fast",
                                   "Veo3.1-lite-official", "grok-video-1.0", "gemini-omni-flash"])  # fmt: skip
async def test_one_spoiled_field_is_refused(desk, provider, model):
    body = await desk.body(model)
    taken = len(provider.tasks)
    for path in leaves(body):
        for spoil in SPOILS:
            if isinstance(spoil, str) and spoil and path[-1] in {"prompt", "client_business_id"}:
                continue  # any text will do there
            spoiled = copy.deepcopy(body)
            holder = spoiled
            for name in path[:-1]:
                holder = holder[name]
            holder[path[-1]] = spoil
            status, answer, _ = await desk.ask(spoiled)
            assert status in ((400, 403, 404) if path == ("model",) else (400,)), (path, spoil, answer)
    assert len(provider.tasks) == taken


@pytest.mark.parametrize(
    ("model", "change", "said"),
    [
        ("seedance-2", {"image_urls": ["https://f.example/a.jpg"]}, "must not be used together"),
        ("wan2.6", {"image_urls": ["https://f.example/a.jpg"]}, "must not be used together"),
        ("kling-v3-omni", {"video_list": [{"video_url": "https://f.example/a.mp4"}]}, "must not be used together"),
        ("kling-v3-omni", {"prompt": "<<<element_3>>> waves"}, "an element that is not in element_list"),
        ("viduq3", {"prompt": "@character3 waves"}, "'character3' is not defined"),
        ("gemini-omni-flash", {"resolution": "1080p", "aspect_ratio": "9:16"}, "landscape only"),
        ("wan2.6", {"duration": 7}, "'duration' must be a whole number"),
        ("happyhorse-1.1", {"resolution": "720p"}, "must be one of 720P, 1080P"),
        ("wan3.0-video", {"aspect_ratio": "16:9"}, "Unknown field: 'aspect_ratio'"),
        ("Veo3.1-fast-official", {"aspect_ratio": "16:9"}, "Unknown field: 'aspect_ratio'"),
        ("sora-2", {"prompt": "@abcdefgh.nobody waves"}, "was not found"),
        ("sora-2", {"character_url": "task_01nobody"}, "was not found"),
        ("sora-2", {"resolution": "720p"}, "Unknown field"),
    ],
)
async def test_what_must_not_stand_together_or_at_all(desk, model, change, said):
    status, answer, _ = await desk.ask(await desk.body(model) | change)
    assert status == 400
    assert said in answer["error"]["message"]


async def test_frames_and_audio_do_not_go_with_references(desk):
    body = await desk.body("seedance-2")
    frame = {"url": body["image_with_roles"][0]["url"], "role": "first_frame"}
    for wrong in (
        body | {"image_with_roles": [*body["image_with_roles"], frame]},
        body | {"image_with_roles": [frame]},  # beside clips
        body | {"image_with_roles": [{"url": frame["url"]}]},  # without a role it is a frame
    ):
        status, answer, _ = await desk.ask(wrong)
        assert (status, "cannot be mixed" in answer["error"]["message"]) == (400, True)
    del body["image_with_roles"]
    audio = [{"url": body.pop("video_with_roles")[0]["url"], "role": "reference_audio"}]
    status, answer, _ = await desk.ask(body | {"audio_with_roles": audio})
    assert (status, "only reference" in answer["error"]["message"]) == (400, True)


async def test_references_alone_are_missing(desk):
    body = await desk.body("wan2.6-flash")
    del body["metadata"]
    status, answer, _ = await desk.ask(body)
    assert (status, "Missing required field 'metadata.reference_urls'" in answer["error"]["message"]) == (400, True)


@pytest.mark.parametrize(
    ("model", "size", "said"),
    [
        ("viduq3", (120, 400), "sides of 128"),
        ("viduq3", (1300, 300), "too wide"),
        ("seedance-2", (280, 400), "sides of 300 to 6000"),
        ("happyhorse-1.1", (900, 320), "too wide"),
        ("MiniMax-H3", (5800, 4000), "to 5760"),
    ],
)
async def test_pictures_that_a_model_does_not_take(desk, tmp_path, model, size, said):
    Image.new("RGB", size).save(tmp_path / "p.png")
    body = await desk.body(model, names=("Anna",), prompt="@Anna waves")
    old = await desk.upload(desk.people / "Anna0.jpg")
    new = await desk.upload(tmp_path / "p.png")
    status, answer, _ = await desk.ask(json.loads(json.dumps(body).replace(old, new)))
    assert (status, said in answer["error"]["message"]) == (400, True), answer


async def test_clips_that_a_model_does_not_take(desk, film, tmp_path):
    film.write(tmp_path / "short.mp4", lambda _: film.flat((9, 9, 9), SIZE), seconds=1.5)
    film.write(tmp_path / "long.mp4", lambda _: film.flat((9, 9, 9), SIZE), seconds=13)
    film.write(tmp_path / "small.mp4", lambda _: film.flat((9, 9, 9), (640, 360)), seconds=3)
    small = await desk.upload(tmp_path / "small.mp4")
    short, long = await desk.upload(tmp_path / "short.mp4"), await desk.upload(tmp_path / "long.mp4")
    body = await desk.body("seedance-2")
    for clips, said in (
        ([short], "2 to 15 seconds, it has 1.5"),
        ([long, long], "at most 15"),
        ([small], "480 to 720 lines"),
    ):
        roles = [{"url": url, "role": "reference_video"} for url in clips]
        status, answer, _ = await desk.ask(body | {"video_with_roles": roles})
        assert (status, said in answer["error"]["message"]) == (400, True), answer


# -- Real faces, assets, sound, content --


async def test_a_real_face_is_refused_by_the_one_family_and_not_charged(desk, provider):
    provider.videos.real_faces = True
    before = await desk.caller.balance()
    status, answer, _ = await desk.ask(await desk.body("seedance-2"))
    assert (status, answer["error"]["code"]) == (400, "InputImageSensitiveContentDetected.PrivacyInformation")
    assert "'content[1]' may contain real person" in answer["error"]["message"]
    assert await desk.caller.balance() == before
    await desk.asked(await desk.body("viduq3"))


async def add_asset(desk, group, url, **changes):
    fields = {"group_id": group, "asset_type": "image", "source_url": url, "name": "Anna"} | changes
    return await desk.caller.call("POST", f"{AVATARS}/assets", json=fields)


async def test_an_asset_stands_for_a_picture(desk, provider, clock):
    provider.videos.real_faces = True
    provider.videos.avatars.takes = timedelta(seconds=20)
    _, answer, _ = await desk.caller.call("POST", f"{AVATARS}/groups", json={"name": "cast", "description": "ours"})
    group = answer["data"]["group_id"]
    body = await desk.body("seedance-2", names=("Anna",), prompt="@Anna waves")
    for number, reference in enumerate(body["image_with_roles"], start=1):
        status, answer, _ = await add_asset(desk, group, reference["url"])
        assert (status, answer["data"]["status"]) == (200, "processing")
        asset = answer["data"]["asset_id"]
        assert asset.startswith("pa_01")
        reference["url"] = f"asset://{asset}"
        status, answer, _ = await desk.ask(body)
        assert (status, answer["error"]["code"]) == (400, "InvalidParameter")
        clock.advance(20)
        _, answer, _ = await desk.caller.call("GET", f"{AVATARS}/assets/{asset}")
        assert (answer["data"]["status"], answer["data"]["asset_url"]) == ("active", f"asset://{asset}")
        status, answer, _ = await desk.ask(body)
        if number < 3:
            assert f"content[{number + 1}]" in answer["error"]["message"]
    picture, _, _ = await desk.seen(answer["id"])
    assert min(shares(picture, COLOURS["Anna"])) > 0.4


async def test_places_for_assets_are_few(desk, provider):
    provider.videos.avatars.places = 1
    _, answer, _ = await desk.caller.call("POST", f"{AVATARS}/groups", json={"name": "cast", "description": "ours"})
    group, url = answer["data"]["group_id"], await desk.upload(desk.people / "Anna0.jpg")
    assert (await add_asset(desk, group, "https://elsewhere.example/a.jpg"))[0] == 400
    assert (await add_asset(desk, "pg_01none", url))[0] == 404
    assert (await add_asset(desk, group, url, asset_type="face"))[0] == 400
    status, answer, _ = await add_asset(desk, group, url)
    assert status == 200
    assert (await add_asset(desk, group, url))[0] == 429
    provider.videos.avatars.refuses = True
    _, found, _ = await desk.caller.call("GET", f"{AVATARS}/assets/{answer['data']['asset_id']}")
    assert found["data"]["status"] == "rejected"


async def test_its_own_sound_is_refused_at_once_or_later(desk, provider):
    provider.videos.refuses_sound = "at_once"
    status, answer, _ = await desk.ask(await desk.body("seedance-2"))
    assert (status, answer["error"]["code"]) == (400, "AudioSensitiveContentDetected.PolicyViolation")
    await desk.asked(await desk.body("seedance-2", sound=False) | {"client_business_id": "silent"})
    provider.videos.refuses_sound = "later"
    before = await desk.caller.balance()
    answer = await desk.status(await desk.asked(await desk.body("seedance-2")))
    assert (answer["status"], answer["error"]["code"]) == ("failed", "AudioSensitiveContentDetected.PolicyViolation")
    assert await desk.caller.balance() == before


async def test_content_is_refused_without_a_code_of_its_own(desk, provider):
    provider.videos.refuses_next = 1
    answer = await desk.status(await desk.asked(await desk.body("wan2.6")))
    assert answer["error"] == {
        "code": "generation_failed",
        "message": "Generation failed: Content violates the content policy",
    }
    assert (await desk.status(await desk.asked(await desk.body("wan2.6"))))["status"] == "completed"


# -- How it goes on --


async def test_a_finished_video_is_as_documented_and_dies(desk, provider, clock):
    body = await desk.body("seedance-2") | {"return_last_frame": True}
    task = await desk.asked(body)
    answer = await desk.status(task)
    now = int(clock.now.timestamp())
    [video] = answer.pop("result")["data"]
    assert answer == {
        "id": task,
        "object": "generation.task",
        "model": "seedance-2",
        "status": "completed",
        "progress": 100,
        "created_at": now,
        "completed_at": now,
        "expires_at": now + 24 * 3600,
        "metadata": {"simulated": True},
        "client_business_id": "0123456789abcdef",
    }
    assert task.startswith("tsk_vid_")
    assert (await desk.status("0123456789abcdef"))["id"] == task
    assert video["format"] == "mp4"
    for url in (video["url"], video["last_frame_url"]):
        assert (await desk.fetch(url))[0] == 200
    clock.advance(24 * 3600)
    assert (await desk.status(task))["status"] == "expired"
    for url in (video["url"], video["last_frame_url"]):
        assert (await desk.fetch(url))[0] == 404


async def test_statuses_in_other_words(desk, provider, clock):
    provider.videos.words = {"queued": "NOT_START", "in_progress": "IN_PROGRESS", "completed": "SUCCESS"}
    provider.seconds_per_task = 100
    status, answer, _ = await desk.ask(await desk.body("wan2.6"))
    assert (status, answer["status"]) == (200, "NOT_START")
    clock.advance(50)
    assert (await desk.status(answer["id"]))["status"] == "IN_PROGRESS"
    clock.advance(50)
    assert (await desk.status(answer["id"]))["status"] == "SUCCESS"


async def test_an_address_may_come_later_than_the_end(desk, provider, clock):
    provider.videos.late = timedelta(seconds=30)
    task = await desk.asked(await desk.body("wan2.6"))
    answer = await desk.status(task)
    assert (answer["status"], "result" in answer) == ("completed", False)
    clock.advance(30)
    assert "result" in await desk.status(task)


async def test_a_model_is_closed_in_the_middle(desk, provider):
    body = await desk.body("wan2.6")
    task = await desk.asked(body)
    provider.model_gone("wan2.6")
    status, answer, _ = await desk.ask(body)
    assert (status, answer["error"]["code"]) == (404, "model_not_found")
    _, listed, _ = await desk.caller.call("GET", "/v1/models", params={"type": "video"})
    assert set(PAGES) - {each["id"] for each in listed["data"]} == {"wan2.6"}
    assert (await desk.status(task))["status"] == "completed"
    provider.model_back("wan2.6")
    await desk.asked(body)


async def test_a_further_model_keeps_the_page_of_another(desk, provider):
    body = await desk.body("kling-v3-omni") | {"model": "kling-v4"}
    assert (await desk.ask(body))[0] == 403
    provider.models.append("kling-v4")
    assert (await desk.ask(body))[0] == 400
    provider.likenesses["kling-v4"] = "kling-v3-omni"
    assert (await desk.status(await desk.asked(body)))["model"] == "kling-v4"


async def test_a_video_can_be_made_into_a_character_and_the_character_into_a_video(desk):
    made = await desk.asked(await desk.body("seedance-2", names=("Anna",), prompt="@Anna waves"))
    await desk.status(made)
    task = await desk.caller.created(from_task=made)
    [character] = (await desk.caller.status(task))["result"]["data"]["characters"]
    by_task = {"model": "sora-2", "prompt": "walks", "duration": 10, "character_url": task}
    by_name = {"model": "sora-2", "prompt": f"@{character['username']} walks", "duration": 10}
    for body in (by_task, by_name):
        picture, _, _ = await desk.seen(await desk.asked(body))
        assert max(shares(picture, COLOURS["Anna"])) > 0.2


# -- Pictures --


@pytest.mark.parametrize(("name", "mime"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")])
async def test_a_picture_is_kept(desk, name, mime):
    written = io.BytesIO()
    Image.new("RGB", (8, 8)).save(written, name)
    form = aiohttp.FormData()
    form.add_field("file", written.getvalue(), filename="x")
    status, body, _ = await desk.caller.call("POST", "/v1/uploads/images", data=form)
    assert (status, body["data"]["mime_type"]) == (200, mime)
    assert await desk.fetch(body["data"]["url"]) == (200, written.getvalue())


@pytest.mark.parametrize(("head", "size", "said"), [(b"BM", 60, "Only JPEG"), (b"\xff\xd8\xff", 10_485_761, "10 MB")])
async def test_what_is_no_picture_is_not(desk, head, size, said):
    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(head.ljust(size, b"\0")), filename="x")
    status, body, _ = await desk.caller.call("POST", "/v1/uploads/images", data=form)
    assert (status, said in body["message"]) == (400, True)
