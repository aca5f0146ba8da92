"""Making a video through the client: the request, what it may be refused for, and how it stands."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.limits import PROVIDER_IMAGE_BYTES
from bot.provider.errors import (
    BadRequest,
    ContentRefused,
    FileTooLarge,
    ModelClosed,
    NothingTaken,
    OutcomeUnknown,
    ProviderError,
    RealFaceRefused,
    Rejected,
    SoundRefused,
    UnknownTask,
)
from bot.provider.models.catalogue import CARDS
from bot.provider.models.encoding import encode
from bot.provider.rejection_reasons import SENTENCES, VIDEO_SENTENCES, Cause
from bot.provider.task import ProviderVideo, TaskFailure, TaskState, state_of, video_failure_text
from bot.texts import render
from tests.provider.loopback import SUBMIT, first, second
from tests.provider.models.wishes import spec, uploaded

CARD = CARDS["seedance-2"]
IMAGES = ("POST", "/v1/uploads/images")
URL = "https://files.toapis.com/v/1.mp4?sig=abc"
WRONG_INSTANTS: list[Any] = [0, -1, "soon", None, True, [], 1e300, "NaN"]
WORDS = "@Anna walks into the harbour of Bergen"
TAKEN = {"id": "tsk_vid_1", "object": "generation.task", "model": "seedance-2", "status": "NOT_START", "progress": "0%"}
REAL_FACE = "InputImageSensitiveContentDetected.PrivacyInformation"


def body(prompt=WORDS):
    return encode(CARD, spec(prompt), uploaded(CARD, spec().cast), business_id="0123456789abcdef")


@pytest.fixture
def create(client):
    async def submit(prompt=WORDS):
        return await client.create_video(CARD, body(prompt), others=("viduq3", "wan2.6"))

    return submit


def envelope(code, message=""):
    return {"error": {"code": code, "message": message, "type": "x"}}


async def refused(create, kind, prompt=WORDS):
    with pytest.raises(ProviderError) as caught:
        await create(prompt)
    assert type(caught.value) is kind
    return caught.value


async def test_the_body_is_sent_as_it_is_and_once(provider, create):
    provider.on(SUBMIT, body=TAKEN)
    task = await create()
    assert (task.id, task.state, task.progress, task.videos) == ("tsk_vid_1", TaskState.QUEUED, 0, ())
    assert [seen.json for seen in provider.seen] == [body()]


async def test_a_body_that_does_not_fit_its_card_is_never_sent(provider, client):
    with pytest.raises(ValueError, match="duration"):
        await client.create_video(CARD, body() | {"duration": "5"})
    with pytest.raises(ValueError, match="model"):
        await client.create_video(CARDS["viduq3"], body())
    assert provider.seen == []


async def test_an_answer_without_an_id_leaves_it_open(provider, create):
    provider.on(SUBMIT, body={"status": "queued"})
    assert "may have been charged" in str(await refused(create, OutcomeUnknown))


@pytest.mark.parametrize(
    ("status", "answer", "kind", "says"),
    [
        (400, envelope("AudioSensitiveContentDetected.PolicyViolation"), SoundRefused, "without sound"),
        (400, envelope("OutputAudioSensitiveContentDetected.PolicyViolation"), SoundRefused, "without sound"),
        (400, envelope("InputAudioSensitiveContentDetected"), ContentRefused, "content rules"),
        (400, envelope("InputTextSensitiveContentDetected", "x"), ContentRefused, "Change the prompt"),
        (422, envelope("content_policy_violation"), ContentRefused, "Change the prompt"),
        (400, envelope("", "Content violates the content policy"), ContentRefused, "Change the prompt"),
        (400, envelope("InvalidParameter.TaskTypeConstraint"), BadRequest, "Choose another model"),
        (400, envelope("invalid_request", "Missing required field 'subjects'"), BadRequest, "Choose another model"),
        (400, envelope("sentinel_block", "Something went wrong."), NothingTaken, "is having trouble"),
        (404, envelope("model_not_found"), ModelClosed, "Choose another one: viduq3, wan2.6."),
        (403, {}, ModelClosed, "“seedance-2”"),
        (400, envelope("cameo_not_found"), BadRequest, "withdrawn"),
        (403, envelope("cameo_permission_denied"), Rejected, "no permission to show one of these characters"),
        (400, envelope("x", "too many users mentioned"), BadRequest, "Leave somebody out"),
    ],
)
async def test_a_refusal_is_told_as_what_it_is(provider, create, status, answer, kind, says):
    provider.on(SUBMIT, status, answer)
    error = await refused(create, kind)
    assert says in str(error)
    assert "Nothing was charged" in str(error)
    assert not any(word in str(error) for word in ("seconds", "clip in which"))


@pytest.mark.parametrize(
    ("message", "image"),
    [
        ("The request failed because the input image 'content[2]' may contain real person.", 2),
        ("input image 'content[13]' may contain real person", 13),
        ("input image 'content[0]' may contain real person", None),
        ("may contain a real person", None),
        ("", None),
    ],
)
async def test_a_refused_face_says_which_picture_it_is_on(provider, create, message, image):
    code = "InputImageSensitiveContentDetected.PrivacyInformation"
    provider.on(SUBMIT, 400, envelope(code if image != 13 else "invalid_request", message))
    error = await refused(create, RealFaceRefused)
    assert error.image == image
    assert "may be real" in str(error)
    assert "Nothing was charged" in str(error)


@pytest.mark.parametrize("echo", ["model not found: the film", "a real person, may contain real person, sings"])
async def test_a_prompt_that_is_repeated_proves_nothing(provider, create, echo):
    prompt = f"@Anna {echo} " + "and walks on and on " * 12
    sent = body(prompt)["prompt"]
    for shown in (sent, sent[:60]):
        provider.on(SUBMIT, 400, envelope("invalid_request", f"cannot parse prompt: {shown}"))
    await refused(create, BadRequest, prompt)
    await refused(create, BadRequest, prompt)


# -- How it stands --


def done(**changes):
    result = {"type": "video", "data": [{"url": URL, "format": "MP4", "last_frame_url": "https://f.example/l.jpg"}]}
    return {"id": "v_1", "status": "completed", "progress": 100, "expires_at": 1785670200, "result": result} | changes


async def test_a_finished_video(provider, client):
    provider.on(second("v_1"), body=done())
    task = await client.video_task("v_1")
    assert task.state is TaskState.COMPLETED
    assert task.videos == (ProviderVideo(url=URL, format="mp4", last_frame_url="https://f.example/l.jpg"),)
    assert task.expires_at == datetime(2026, 8, 2, 11, 30, tzinfo=UTC)
    assert URL not in repr(task)
    assert provider.calls == [second("v_1")]


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "SUCCESS", "result": {"type": "video", "data": [{"url": URL}]}},
        {"status": "succeeded", "result": {"data": {"url": URL}}},
        {"status": "completed", "result": {"url": URL}},
        {"status": "completed", "result": {"videos": [{"url": URL}]}},
        {"status": "completed", "url": URL},
        {"status": "completed", "video_url": URL},
        {"data": {"status": "completed", "url": URL}},
        {"status": "completed", "data": {"url": URL}},
        {"success": True, "data": {"id": "v_1", "status": "succeed", "result": {"data": [{"url": URL}]}}},
        {"status": "completed", "result": {"data": [None, {}, {"url": "javascript:1"}, {"url": URL}]}},
    ],
)
async def test_wherever_the_address_stands_it_is_found(provider, client, answer):
    provider.on(second("v_1"), body=answer)
    task = await client.video_task("v_1")
    assert (task.state, [each.url for each in task.videos]) == (TaskState.COMPLETED, [URL])


@pytest.mark.parametrize(
    "result", [None, {}, [], "x", {"data": []}, {"data": [{"url": ""}]}, {"data": [{"url": "/v.mp4"}]}, {"data": "x"}]
)
async def test_completed_without_an_address_is_not_done(provider, client, result):
    provider.on(second("v_1"), body=done(result=result))
    task = await client.video_task("v_1")
    assert (task.state, task.progress, task.videos) == (TaskState.RUNNING, 99, ())


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("NOT_START", TaskState.QUEUED),
        ("not-start", TaskState.QUEUED),
        ("Queueing", TaskState.QUEUED),
        ("Preparing", TaskState.QUEUED),
        ("SUBMITTED", TaskState.QUEUED),
        ("IN_PROGRESS", TaskState.RUNNING),
        ("in progress", TaskState.RUNNING),
        ("Processing", TaskState.RUNNING),
        ("SUCCESS", TaskState.COMPLETED),
        ("succeeded", TaskState.COMPLETED),
        ("succeed", TaskState.COMPLETED),
        ("FAILURE", TaskState.FAILED),
        ("Fail", TaskState.FAILED),
        ("EXPIRED", TaskState.FAILED),
        ("cancelled", TaskState.FAILED),
        ("doneish", None),
        ("", None),
    ],
)
def test_a_status_in_any_case(status, state):
    assert state_of(status) is state


async def test_a_status_that_nobody_knows_is_still_running(provider, client):
    provider.on(second("v_1"), body=done(status="ALMOST"))
    assert (await client.video_task("v_1")).state is TaskState.RUNNING


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (1785670200, datetime(2026, 8, 2, 11, 30, tzinfo=UTC)),
        ("1785670200", datetime(2026, 8, 2, 11, 30, tzinfo=UTC)),
        (1785670200000, datetime(2026, 8, 2, 11, 30, tzinfo=UTC)),
        *((wrong, None) for wrong in WRONG_INSTANTS),
    ],
)
async def test_when_a_result_dies(provider, client, instant, expected):
    provider.on(second("v_1"), body=done(expires_at=instant))
    assert (await client.video_task("v_1")).expires_at == expected


async def test_a_video_that_nobody_knows(provider, client):
    with pytest.raises(UnknownTask):
        await client.video_task("v_1")
    assert await client.find_video("ours") is None
    assert provider.calls == [second("v_1"), second("ours")]
    assert first("v_1") not in provider.calls


async def test_a_video_is_found_by_our_own_id(provider, client):
    provider.on(second("ours"), body=done(id="v_9", client_business_id="ours"))
    task = await client.find_video("ours")
    assert (task.id, task.state) == ("v_9", TaskState.COMPLETED)


# -- Why one failed --


@pytest.mark.parametrize(
    ("code", "message", "cause", "says"),
    [
        (REAL_FACE, "", Cause.REAL_FACE, "may be real"),
        ("AudioSensitiveContentDetected.PolicyViolation", "", Cause.OWN_SOUND, "without sound"),
        (
            "generation_failed",
            "Generation failed: Content violates the content policy",
            Cause.CONTENT,
            "Change the prompt",
        ),
        ("generation_failed", "", None, "couldn't make this video"),
        ("expired", "", None, "couldn't make this video"),
        ("x", "not finished", Cause.UNFINISHED, "couldn't make this video"),
    ],
)
def test_a_failed_video_says_why_and_that_it_is_refunded(code, message, cause, says):
    failure = TaskFailure(code, message)
    sentence = render(video_failure_text(failure))
    assert failure.cause is cause
    assert says in sentence
    assert "refunds failed tasks, so nothing is charged" in sentence


def test_every_cause_has_a_sentence_for_both_kinds_of_task():
    assert set(SENTENCES) == set(VIDEO_SENTENCES) == set(Cause)


# -- Pictures --


@pytest.mark.parametrize(
    ("mime", "name"), [("image/jpeg", "picture.jpg"), ("image/png", "picture.png"), ("image/webp", "picture.webp")]
)
async def test_a_picture_is_sent_under_a_neutral_name(provider, client, tmp_path, mime, name):
    path = tmp_path / "anna.bin"
    path.write_bytes(b"picture")
    provider.on(IMAGES, body={"success": True, "data": {"id": "upload_1", "url": "https://files.example/p.jpg"}})
    assert await client.upload_image(path, mime=mime) == "https://files.example/p.jpg"
    sent = provider.seen[0].body
    assert f'filename="{name}"'.encode() in sent
    assert b"picture\r\n" in sent
    assert b"anna" not in sent


async def test_a_picture_that_is_too_large_is_not_sent(provider, client, tmp_path):
    path = tmp_path / "p"
    with path.open("wb") as file:
        file.truncate(PROVIDER_IMAGE_BYTES + 1)
    with pytest.raises(FileTooLarge, match="pictures of at most 10 MB"):
        await client.upload_image(path, mime="image/png")
    assert provider.seen == []


@pytest.mark.parametrize(
    ("status", "answer", "kind", "says"),
    [
        (400, {"success": False, "message": "bad type"}, BadRequest, "a picture of this character"),
        (413, {}, FileTooLarge, "pictures of at most 10 MB"),
        (502, {}, OutcomeUnknown, "couldn't send the pictures"),
        (200, {"success": True, "data": {}}, OutcomeUnknown, "couldn't send the pictures"),
    ],
)
async def test_a_picture_that_is_not_taken(provider, client, tmp_path, status, answer, kind, says):
    path = tmp_path / "p"
    path.write_bytes(json.dumps("x").encode())
    provider.on(IMAGES, status, answer)
    with pytest.raises(ProviderError, match=says) as caught:
        await client.upload_image(path, mime="image/png")
    assert type(caught.value) is kind
    assert "Nothing was charged" in str(caught.value)
