"""From a character's files to a video, through the client and the simulated provider: nothing between is replaced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from pydantic import SecretStr

from bot.provider.errors import BadRequest, ModelClosed, RealFaceRefused, SoundRefused
from bot.provider.models.catalogue import CARDS, card_of
from bot.provider.models.check import preferred
from bot.provider.models.encoding import encode
from bot.provider.models.plan import media_plan
from bot.provider.models.video_spec import CastMember, Clip, Still, VideoSpec
from bot.provider.task import TaskState, video_failure_text
from bot.provider.transport import Timeouts
from bot.texts import render
from bot.values.character import FileKind
from playground.clip import still
from playground.provider import SimulatedProvider
from tests.provider.loopback import client_for
from tests.provider.models.wishes import ONE_OF_EACH_FORM
from tests.rendered_clips import render_clip

BUSINESS_ID = "0123456789abcdef"
LIKENESSES = {"kling-v4": "kling-v3-omni"}
ANNA = CastMember(name="Anna", stills=(Still(854, 480),) * 3, clip=Clip(3.0, width=854, height=480))


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("anna")
    render_clip(folder / "clip.mp4", seconds=3, size=(854, 480), fps=24)
    for number in range(3):
        still(number / 2, (854, 480)).save(folder / f"{number}.jpg")
    return folder


@pytest.fixture
async def provider():
    async with SimulatedProvider() as running:
        yield running


@pytest.fixture
async def client(provider):
    async with client_for(provider.base_url, timeouts=Timeouts(), api_key=SecretStr(provider.key)) as made:
        yield made


class Maker:
    def __init__(self, client, files):
        self.client, self.files = client, files

    async def body(self, card, **wished):
        media = {}
        for needed in media_plan(card, (ANNA,)):
            if needed.kind is FileKind.STILL:
                path = self.files / f"{needed.number}.jpg"
                media[needed] = await self.client.upload_image(path, mime="image/jpeg")
            else:
                media[needed] = await self.client.upload_video(self.files / "clip.mp4", mime="video/mp4")
        spec = VideoSpec(prompt="@anna waves", cast=(ANNA,), **wished)
        return encode(card, spec, media, business_id=BUSINESS_ID)

    async def make(self, model, **wished):
        card = card_of(model, LIKENESSES)
        return await self.client.create_video(card, await self.body(card, **wished), others=("viduq3",))


@pytest.fixture
def maker(client, files):
    return Maker(client, files)


@pytest.mark.parametrize("model", [each for each in ONE_OF_EACH_FORM if CARDS[each].knows_by_files])
async def test_a_portable_character_plays_on_every_family(maker, client, model):
    begun = await maker.make(model)
    assert begun.state is TaskState.QUEUED
    task = await client.video_task(begun.id)
    assert (task.state, task.progress) == (TaskState.COMPLETED, 100)
    assert task.expires_at is not None
    assert timedelta(hours=23) < task.expires_at - datetime.now(UTC) <= timedelta(hours=24)
    [video] = task.videos
    async with aiohttp.ClientSession() as session, session.get(video.url) as answer:
        assert (answer.status, video.format) == (200, "mp4")
        assert (await answer.read())[4:8] == b"ftyp"


async def test_a_model_of_a_known_family_works_by_configuration_alone(maker, client, provider):
    provider.models.append("kling-v4")
    provider.likenesses["kling-v4"] = "kling-v3-omni"
    begun = await maker.make("kling-v4")
    assert (await client.video_task(begun.id)).state is TaskState.COMPLETED


async def test_a_video_is_found_by_our_own_id_where_that_is_documented(maker, client):
    begun = await maker.make("MiniMax-H3")
    found = await client.find_video(BUSINESS_ID)
    assert (found.id, found.state) == (begun.id, TaskState.COMPLETED)


async def test_the_real_face_is_on_the_picture_that_was_planned_there(maker, provider):
    provider.videos.real_faces = True
    with pytest.raises(RealFaceRefused) as refused:
        await maker.make("seedance-2")
    card = CARDS["seedance-2"]
    assert refused.value.image == 1
    needed = media_plan(card, (ANNA,))[refused.value.image - 1]
    assert (needed.member, needed.kind, needed.number) == (0, FileKind.STILL, 0)
    others = [each for each in preferred(CARDS.values(), (ANNA,)) if not each.refuses_real_faces]
    await maker.make(others[0].model)


async def test_a_refused_sound_may_be_left_out(maker, provider):
    provider.videos.refuses_sound = "at_once"
    with pytest.raises(SoundRefused):
        await maker.make("seedance-2")
    await maker.make("seedance-2", sound=False)


async def test_a_sound_that_is_refused_later(maker, client, provider):
    provider.videos.refuses_sound = "later"
    task = await client.video_task((await maker.make("seedance-2")).id)
    assert task.state is TaskState.FAILED
    assert "without sound" in render(video_failure_text(task.failure))


async def test_a_model_that_is_closed_in_the_middle(maker, client, provider):
    begun = await maker.make("wan2.6")
    provider.model_gone("wan2.6")
    with pytest.raises(ModelClosed, match="Choose another one: viduq3"):
        await maker.make("wan2.6")
    assert "wan2.6" not in await client.video_models()
    assert (await client.video_task(begun.id)).videos


async def test_odd_words_and_a_late_address_are_waited_for(maker, client, provider):
    provider.videos.words = {"queued": "NOT_START", "completed": "SUCCESS"}
    provider.videos.late = timedelta(hours=1)
    begun = await maker.make("viduq3")
    assert begun.state is TaskState.QUEUED
    task = await client.video_task(begun.id)
    assert (task.state, task.progress) == (TaskState.RUNNING, 99)
    provider.videos.late = timedelta()
    assert (await client.video_task(begun.id)).state is TaskState.COMPLETED


async def test_an_expired_result_is_gone(maker, client, provider):
    begun = await maker.make("viduq3")
    await client.video_task(begun.id)
    provider.videos.kept = timedelta()
    task = await client.video_task(begun.id)
    assert (task.state, task.failure.code) == (TaskState.FAILED, "expired")


async def test_a_foreign_address_is_refused_and_not_charged(maker, client, provider):
    card = CARDS["viduq3"]
    media = dict.fromkeys(media_plan(card, (ANNA,)), "https://bot.example/anna.jpg")
    body = encode(card, VideoSpec(prompt="waves", cast=(ANNA,)), media, business_id=BUSINESS_ID)
    before = await client.balance()
    with pytest.raises(BadRequest, match="Nothing was charged"):
        await client.create_video(card, body)
    assert await client.balance() == before


async def test_content_that_is_refused_later(maker, client, provider):
    provider.videos.refuses_next = 1
    task = await client.video_task((await maker.make("wan2.6")).id)
    assert "content rules" in render(video_failure_text(task.failure))
