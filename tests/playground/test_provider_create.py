"""Creating a character over HTTP: what is accepted, what is refused, what it costs."""

import io
from decimal import Decimal

import aiohttp
import pytest

URL = "https://videos.example/clip.mp4"


async def test_an_accepted_request_is_answered_as_documented(caller, clock):
    status, body, headers = await caller.create(url=URL, client_business_id="abc")
    assert status == 200
    assert body.pop("id").startswith("task_01")
    assert body == {
        "object": "generation.task",
        "model": "sora-2",
        "status": "queued",
        "progress": 0,
        "created_at": int(clock.now.timestamp()),
        "metadata": {"simulated": True},
        "client_business_id": "abc",
    }
    assert headers["X-RateLimit-Category"] == "async_submit"
    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("300", "299")
    assert int(headers["X-RateLimit-Reset"]) == clock.now.timestamp() + 60
    assert "simulated" in headers["Server"]


async def test_the_default_model_need_not_be_named(caller, provider):
    task = await caller.created(url=URL, model=None)
    assert provider.tasks[task].model == "sora-2"


@pytest.mark.parametrize("range_", ["0,1", "1,4", "3.55,5.55", "0.5,1.5"])
async def test_ranges_of_one_to_three_seconds(caller, range_):
    await caller.created(url=URL, timestamps=range_)


@pytest.mark.parametrize(
    "range_",
    ["1,1.99", "1,4.001", "3,1", "1-3", "1, 3", " 1,3", "1,3,5", "-1,1", "0:01,0:03", "1e0,3", "١,٣", "1.,3", ""],
)
async def test_other_ranges_are_refused(caller, provider, range_):
    status, body, _ = await caller.create(url=URL, timestamps=range_)
    assert (status, body["error"]["code"]) == (400, "invalid_request")
    assert "timestamps" in body["error"]["message"]
    assert not provider.tasks


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Exactly one"),
        ({"url": URL, "from_task": "task_01"}, "Exactly one"),
        ({"url": URL, "prompt": "a cat"}, "'prompt' is not allowed"),
        ({"url": URL, "range": "1,3"}, "Unknown field: 'range'"),
        ({"url": URL, "metadata": {}}, "Unknown field"),
        ({"url": URL, "timestamps": None}, "'timestamps' is required"),
        ({"url": URL, "timestamps": 13}, "'timestamps' must be a string"),
        ({"url": 5}, "'url' must be a string"),
        ({"url": URL, "client_business_id": ""}, "'client_business_id' must be a string"),
        ({"url": "ftp://videos.example/a.mp4"}, "'url' must be a public"),
        ({"url": "/etc/passwd"}, "'url' must be a public"),
        ({"url": "http://[::1"}, "'url' must be a public"),
    ],
)
async def test_parameters_are_checked_strictly(caller, provider, fields, said):
    status, body, _ = await caller.create(**fields)
    assert status == 400
    assert said in body["error"]["message"]
    assert body["error"]["type"] == "invalid_request_error"
    assert not provider.submissions


async def test_a_webhook_address_needs_a_webhook(caller):
    status, body, _ = await caller.create(url=URL, callback_url="https://bot.example/hook")
    assert (status, body["error"]["code"]) == (400, "webhook_not_configured")


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"{", "application/json", "not valid JSON"),
        (b"\xff", "application/json", "not valid JSON"),
        (b"[1]", "application/json", "JSON object"),
        (b"{}", "text/plain", "must be JSON"),
    ],
)
async def test_what_is_not_json_is_refused(caller, body, kind, said):
    status, answer, _ = await caller.call("POST", "/v1/videos/generations", data=body, kind=kind)
    assert status == 400
    assert said in answer["error"]["message"]


async def test_a_body_without_end_is_refused(caller):
    endless = io.BytesIO(b'{"url": "' + b"a" * 1024 * 1024)
    status, body, _ = await caller.call("POST", "/v1/videos/generations", data=endless, kind="application/json")
    assert (status, body["error"]["code"]) == (413, "payload_too_large")


async def test_models_that_are_not_served(caller, provider):
    status, body, _ = await caller.create(url=URL, model="sora-9")
    assert (status, body["error"]["type"]) == (403, "permission_error")
    await caller.created(url=URL, model="sora-2-pro")
    provider.model_gone("sora-2-pro")
    status, body, _ = await caller.create(url=URL, model="sora-2-pro")
    assert (status, body["error"]["code"]) == (404, "model_not_found")
    assert "model not found" in body["error"]["message"]
    await caller.created(url=URL, model="sora-2")


@pytest.mark.parametrize("path", ["/v1/balance", "/v1/characters_tasks/x", "/v1/videos/generations/x"])
async def test_every_call_needs_the_key(caller, path):
    status, body, _ = await caller.call("GET", path, key="sk-wrong")
    assert (status, body["error"]["type"]) == (401, "authentication_error")
    async with caller.session.get(caller.provider.base_url + path) as answer:
        assert answer.status == 401


async def test_a_wrong_key_creates_and_uploads_nothing(caller, provider):
    for path in ("/v1/videos/generations", "/v1/uploads/videos"):
        status, _, _ = await caller.call("POST", path, key="sk-wrong", json={"url": URL, "timestamps": "1,3"})
        assert status == 401
    assert not provider.tasks


async def test_the_key_says_that_it_is_simulated(provider):
    assert provider.key.startswith("sk-simulated-")


async def test_a_task_costs_money_until_there_is_none(caller, provider):
    provider.account.remaining = Decimal("0.25")
    await caller.created(url=URL)
    await caller.created(url=URL)
    status, body, _ = await caller.create(url=URL)
    assert (status, body["error"]["type"]) == (402, "billing_error")
    assert len(provider.tasks) == len(provider.submissions) == 2
    assert await caller.balance() == {
        "success": True,
        "remain_balance": 0.05,
        "used_balance": 0.2,
        "remain_credits": 10,
        "used_credits": 40,
        "credits_per_usd": 200,
        "unlimited_quota": False,
    }


async def test_a_failed_task_is_refunded(caller, provider, clock):
    provider.account.remaining = Decimal("0.10")
    await caller.created(url=URL)
    assert (await caller.balance())["remain_balance"] == 0
    clock.advance(50)
    await caller.created(url=URL)  # the first has failed since and was refunded
    assert (await caller.balance())["remain_balance"] == 0
    clock.advance(50)
    assert (await caller.balance())["remain_balance"] == 0.1
    assert (await caller.balance())["used_balance"] == 0


async def test_an_unlimited_balance_is_minus_one(caller, provider):
    provider.account.unlimited = True
    provider.account.remaining = Decimal(0)
    await caller.created(url=URL)
    body = await caller.balance()
    assert (body["remain_balance"], body["unlimited_quota"]) == (-1, True)


async def test_a_video_task_can_be_the_source(caller, provider, clips, clock):
    video = provider.add_video_task(clips / "rgb.mp4")
    body = (await caller.call("GET", f"/v1/videos/generations/{video}"))[1]
    assert (body["status"], body["progress"], body["result"]["type"]) == ("completed", 100, "video")
    async with caller.session.get(body["result"]["data"][0]["url"]) as answer:
        assert await answer.read() == (clips / "rgb.mp4").read_bytes()
    status, _, _ = await caller.call("GET", f"/v1/characters_tasks/{video}")
    assert status == 404
    task = await caller.created(from_task=video)
    clock.advance(100)
    assert (await caller.status(task))["status"] == "completed"


async def test_only_a_finished_video_task_can_be_the_source(caller, provider):
    character = await caller.created(url=URL)
    for wrong in (character, "task_01nobody"):
        status, body, _ = await caller.create(from_task=wrong)
        assert (status, body["error"]["code"]) == (404, "task_not_found")
    assert len(provider.tasks) == 1
    assert provider.account.used == provider.account.price


async def test_submissions_and_requests_are_logged(caller, provider):
    task = await caller.created(url=URL, client_business_id="mine")
    await caller.create()
    await caller.status(task)
    (submission,) = provider.submissions
    assert (submission.task_id, submission.business_id, submission.creation.url) == (task, "mine", URL)
    assert provider.requests == [
        ("POST", "/v1/videos/generations"),
        ("POST", "/v1/videos/generations"),
        ("GET", f"/v1/characters_tasks/{task}"),
    ]


async def test_too_many_submits_wait_for_the_next_minute(clock, make_caller):
    caller = await make_caller(clock=clock, submits_per_minute=2, queries_per_minute=3)
    clock.advance(20)
    for _ in range(2):
        await caller.created(url=URL)
    status, body, headers = await caller.create(url=URL)
    assert (status, body["error"]["code"]) == (429, "rate_limit_exceeded")
    assert (headers["Retry-After"], headers["X-RateLimit-Remaining"]) == ("40", "0")
    assert headers["X-RateLimit-Category"] == "async_submit"
    for expected in (404, 404, 404, 429):
        status, _, headers = await caller.call("GET", "/v1/characters_tasks/none")
        assert (status, headers["X-RateLimit-Category"]) == (expected, "async_query")
    clock.advance(40)
    await caller.created(url=URL)


async def test_nobody_else_is_listening(caller):
    status, body, _ = await caller.call("GET", "/v1/nothing")
    assert (status, body["error"]["type"]) == (404, "invalid_request_error")
    status, body, _ = await caller.call("DELETE", "/v1/balance")
    assert status == 405
    assert "simulated" in body["error"]["message"]


async def test_it_can_be_stopped_and_started_again_at_the_same_address(make_caller):
    caller = await make_caller()
    before = caller.provider.base_url
    await caller.provider.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await caller.balance()
    await caller.provider.start()
    assert caller.provider.base_url == before
    assert (await caller.balance())["success"]


async def test_it_must_be_started_first(clips):
    from playground.provider import SimulatedProvider

    with pytest.raises(RuntimeError, match="not been started"):
        SimulatedProvider().add_video_task(clips / "rgb.mp4")
