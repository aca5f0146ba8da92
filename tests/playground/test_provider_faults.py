"""Faults on order: each one happens exactly as often as it was ordered, and does nothing else."""

import asyncio
import io
import json

import aiohttp
import pytest

URL = "https://videos.example/clip.mp4"
CREATE = "/v1/videos/generations"


async def test_an_ordered_failure_comes_once_and_has_no_effect(caller, provider):
    provider.fail_next("POST", CREATE, 503)
    status, body, _ = await caller.create(url=URL)
    assert (status, body["error"]["code"]) == (503, "rate_limit_unavailable")
    assert not provider.tasks
    assert not provider.submissions
    await caller.created(url=URL)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422, 429, 500, 502, 503, 504])
async def test_every_documented_status_has_the_envelope(caller, provider, status):
    provider.fail_next("POST", CREATE, status)
    answered, body, _ = await caller.create(url=URL)
    assert answered == status
    assert set(body["error"]) == {"code", "message", "type"}
    assert "simulated" in body["error"]["message"]


async def test_headers_and_json_are_the_tests_own(caller, provider):
    provider.fail_next("post", CREATE, 429, json={"error": {"code": 9}}, headers={"Retry-After": "7"}, times=2)
    for _ in range(2):
        status, body, headers = await caller.create(url=URL)
        assert (status, body, headers["Retry-After"]) == (429, {"error": {"code": 9}}, "7")
    await caller.created(url=URL)


@pytest.mark.parametrize("body", ["<html>bad gateway</html>", b"<html>bad gateway</html>"])
async def test_a_proxy_in_front_may_answer_html(caller, provider, body):
    provider.fail_next("GET", "/v1/balance", 502, body=body)
    headers = {"Authorization": f"Bearer {provider.key}"}
    async with caller.session.get(provider.base_url + "/v1/balance", headers=headers) as answer:
        assert (answer.status, answer.content_type) == (502, "text/html")
        assert await answer.text() == "<html>bad gateway</html>"


async def test_a_failure_is_for_its_method_and_path_only(caller, provider):
    provider.fail_next("GET", "/v1/characters_tasks", 500)
    task = await caller.created(url=URL)
    status, _, _ = await caller.call("GET", f"/v1/videos/generations/{task}")
    assert status == 200
    status, _, _ = await caller.call("GET", f"/v1/characters_tasks/{task}")
    assert status == 500


async def test_failures_come_in_the_order_in_which_they_were_ordered(caller, provider):
    provider.fail_next("GET", "/v1/balance", 500)
    provider.fail_next("GET", "/v1/balance", 401)
    assert [(await caller.call("GET", "/v1/balance"))[0] for _ in range(3)] == [500, 401, 200]


async def test_a_refused_upload_is_read_to_its_end(caller, provider):
    provider.fail_next("POST", "/v1/uploads", 413)
    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(b"\0\0\0\x20ftypisom".ljust(4_000_000, b"\0")), filename="a.mp4")
    status, _, _ = await caller.call("POST", "/v1/uploads/videos", data=form)
    assert status == 413


async def test_a_connection_lost_before_the_request_is_read(caller, provider):
    provider.drop_next("before_read")
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await caller.create(url=URL)
    assert not provider.tasks
    assert provider.requests == [("POST", CREATE)]
    await caller.created(url=URL)


async def test_a_connection_lost_after_the_task_was_taken(caller, provider):
    provider.drop_next("after_taken")
    await caller.balance()  # not a create request: it is left alone
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await caller.create(url=URL, client_business_id="mine")
    assert [submission.business_id for submission in provider.submissions] == ["mine"]
    status, body, _ = await caller.call("GET", "/v1/characters_tasks/mine")
    assert (status, body["id"]) == (200, provider.submissions[0].task_id)


async def test_a_refused_request_does_not_use_up_the_lost_answer(caller, provider):
    provider.drop_next("after_taken")
    assert (await caller.create())[0] == 400
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await caller.create(url=URL)


async def test_lost_pictures(caller, provider, clips, clock):
    task = await caller.created(url=await caller.upload(clips / "rgb.mp4"))
    clock.advance(100)
    picture = (await caller.status(task))["result"]["data"]["characters"][0]["profile_picture_url"]
    for lost, expected in ((True, 404), (False, 200)):
        provider.lose_pictures = lost
        async with caller.session.get(picture) as answer:
            assert answer.status == expected


async def test_nobody_was_found(caller, provider, clips, clock):
    provider.empty_characters = True
    task = await caller.created(url=await caller.upload(clips / "rgb.mp4"))
    clock.advance(100)
    body = await caller.status(task)
    assert body["status"] == "completed"
    assert body["result"] == {"type": "character", "data": {"characters": []}}


@pytest.mark.parametrize("damage", ["truncated", "oversized", "html", "not_utf8"])
async def test_an_answer_that_arrives_damaged_was_carried_out(caller, provider, damage):
    provider.spoil_next("POST", CREATE, damage)
    async with caller.session.post(
        provider.base_url + CREATE,
        json={"url": URL, "timestamps": "1,3"},
        headers={"Authorization": f"Bearer {provider.key}"},
    ) as answer:
        raw = await answer.read()
    assert answer.status == 200
    assert len(provider.tasks) == 1
    if damage == "oversized":
        assert len(raw) > 1024 * 1024
        assert json.loads(raw)["id"] in provider.tasks
    else:
        with pytest.raises(ValueError, match=r"."):
            json.loads(raw)
    await caller.created(url=URL)


async def test_a_connection_that_is_reset_in_the_middle_of_an_answer(caller, provider):
    provider.spoil_next("POST", CREATE, "reset")
    with pytest.raises(aiohttp.ClientError):
        await caller.create(url=URL)
    assert len(provider.tasks) == 1
    await caller.created(url=URL)


@pytest.mark.parametrize(("moment", "taken"), [("before_read", 0), ("after_taken", 1)])
async def test_silence_lasts_until_it_is_mended(caller, provider, moment, taken):
    provider.stall_next(moment)
    waiting = asyncio.create_task(caller.create(url=URL))
    while not provider.requests or len(provider.tasks) < taken:
        await asyncio.sleep(0.01)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(waiting), 0.05)
    assert len(provider.tasks) == taken
    provider.mend()
    status, _, _ = await waiting
    assert (status, len(provider.tasks)) == (200, 1)


async def test_what_is_mended_happens_no_more(caller, provider):
    provider.fail_next("POST", CREATE, 500, times=9)
    provider.drop_next("after_taken")
    provider.spoil_next("POST", CREATE, "html", times=9)
    provider.mend()
    await caller.created(url=URL)
