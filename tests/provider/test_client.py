"""Every documented answer and oddity, through the client, against a loopback provider."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import tracemalloc
from decimal import Decimal

import pytest
import structlog
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.limits import PROVIDER_ANSWER_BYTES, PROVIDER_VIDEO_BYTES
from bot.provider.error_mapping import About, Purpose, body_of
from bot.provider.errors import (
    BadRequest,
    BalanceEmpty,
    FileTooLarge,
    KeyRefused,
    OutcomeUnknown,
    ProviderError,
    UnknownTask,
)
from bot.provider.task import Balance, TaskFailure, TaskState
from bot.provider.transport import Answer, Timeouts
from bot.provider.wire import BalanceAnswer, TaskAnswer, UploadAnswer
from bot.values.character import ProviderCharacter
from tests.provider.loopback import (
    BALANCE,
    KEY,
    NOW,
    RANGE,
    SUBMIT,
    UPLOAD,
    Socket,
    body_length,
    client_for,
    first,
    second,
)

QUEUED = {
    "id": "task_01ABC",
    "object": "generation.task",
    "model": "sora-2",
    "status": "queued",
    "progress": 0,
    "created_at": 1703884800,
    "metadata": {},
}
WHISKERS = {
    "id": "ch_6937",
    "display_name": "Turbo Whiskers",
    "profile_picture_url": "https://files.example/p.jpg?sig=" + "a" * 400,
    "username": "duksvfkf.turbo_whis",
}


def completed(*characters, **changes):
    return {
        "id": "task_1",
        "status": "completed",
        "result": {"type": "character", "data": {"characters": list(characters)}},
    } | changes


# -- submitting --


async def test_submission_from_url_is_what_the_documentation_says(provider, submit):
    provider.on(SUBMIT, body=QUEUED)
    task = await submit(model="sora-2-pro")
    assert (task.id, task.state, task.progress, task.characters) == ("task_01ABC", TaskState.QUEUED, 0, ())
    (seen,) = provider.seen
    assert seen.json == {
        "model": "sora-2-pro",
        "timestamps": "1,3",
        "url": "https://f.example/c.mp4",
        "client_business_id": "0123456789abcdef",
    }
    assert seen.headers["Authorization"] == f"Bearer {KEY}"
    assert seen.headers["Content-Type"] == "application/json"


async def test_submission_from_an_earlier_task_names_it_in_place_of_the_url(provider, submit):
    provider.on(SUBMIT, body=QUEUED)
    await submit(url=None, from_task="task_9")
    assert provider.seen[0].json["from_task"] == "task_9"
    assert "url" not in provider.seen[0].json


@pytest.mark.parametrize("both", [{"from_task": "task_9"}, {"url": None}])
async def test_submission_wants_exactly_one_source(submit, provider, both):
    with pytest.raises(ValueError, match="exactly one"):
        await submit(**both)
    assert provider.seen == []


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ({"id": "task_1"}, "task_1"),
        ({"task_id": "task_2"}, "task_2"),
        ({"id": None, "task_id": "task_3"}, "task_3"),
        ({"id": 12, "task_id": "task_4"}, "task_4"),
        ({"id": 12345}, "12345"),
        ({"code": "success", "data": {"id": "task_5"}}, "task_5"),
        ({"success": True, "data": {"task_id": 678}}, "678"),
        ({"id": "task_6", "data": {"id": "something else"}}, "task_6"),
    ],
)
async def test_task_id_is_found_wherever_it_stands(provider, submit, answer, name):
    provider.on(SUBMIT, body=answer)
    task = await submit()
    assert (task.id, task.state) == (name, TaskState.QUEUED)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"id": ""},
        {"id": True},
        {"id": ["task_1"]},
        {"id": ".."},
        {"id": "a b"},
        {"id": "a\nb"},
        {"id": "x" * 129},
        {"data": [{"id": "task_1"}]},
        {"error": {"code": "x", "message": "no"}},
    ],
)
async def test_a_success_without_a_usable_id_may_have_been_charged(provider, submit, answer):
    provider.on(SUBMIT, body=answer)
    with pytest.raises(OutcomeUnknown) as caught:
        await submit()
    assert caught.value.status == 200
    assert "may have been charged" in str(caught.value)


async def test_a_submission_can_be_over_at_once(provider, submit):
    provider.on(SUBMIT, body=QUEUED | {"status": "failed", "error": {"code": 7, "message": "no audio track"}})
    task = await submit()
    assert task.state is TaskState.FAILED
    assert task.failure == TaskFailure("7", "no audio track")


# -- asking how it stands --


async def test_a_completed_character(client, provider):
    provider.on(first("task_1"), body=completed(WHISKERS))
    task = await client.task("task_1")
    assert (task.id, task.state, task.progress, task.failure) == ("task_1", TaskState.COMPLETED, 100, None)
    assert task.characters == (
        ProviderCharacter(
            id="ch_6937",
            display_name="Turbo Whiskers",
            username="duksvfkf.turbo_whis",
            picture_url=WHISKERS["profile_picture_url"],
        ),
    )
    assert provider.calls == [first("task_1")]


async def test_a_404_is_tried_on_the_second_path(client, provider):
    provider.on(second("task_1"), body={"id": "task_1", "status": "in_progress", "progress": 40})
    task = await client.task("task_1")
    assert (task.state, task.progress) == (TaskState.RUNNING, 40)
    assert provider.calls == [first("task_1"), second("task_1")]


async def test_a_404_on_both_paths_is_an_unknown_task(client, provider):
    with pytest.raises(UnknownTask) as caught:
        await client.task("task_1")
    assert (caught.value.status, caught.value.code) == (404, "task_not_found")
    assert caught.value.__context__ is None
    assert provider.calls == [first("task_1"), second("task_1")]


async def test_a_400_that_says_no_such_task_is_as_good_as_a_404(client, provider):
    for route in (first("task_1"), second("task_1")):
        provider.on(route, 400, {"code": "task_not_exist", "message": "task_not_exist"})
    with pytest.raises(UnknownTask):
        await client.task("task_1")
    assert len(provider.seen) == 2


async def test_a_404_is_not_believed_while_the_second_path_is_in_trouble(client, provider):
    provider.on(second("task_1"), 502, {})
    with pytest.raises(OutcomeUnknown):
        await client.task("task_1")
    with pytest.raises(OutcomeUnknown):
        await client.find("task_1")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("queued", TaskState.QUEUED),
        ("submitted", TaskState.QUEUED),
        ("pending", TaskState.QUEUED),
        ("in_progress", TaskState.RUNNING),
        ("IN_PROGRESS", TaskState.RUNNING),
        ("processing", TaskState.RUNNING),
        ("Completed", TaskState.COMPLETED),
        ("SUCCESS", TaskState.COMPLETED),
        ("failed", TaskState.FAILED),
        ("FAILURE", TaskState.FAILED),
        ("expired", TaskState.FAILED),
        ("cancelled", TaskState.FAILED),
        ("reticulating", TaskState.RUNNING),
        (17, TaskState.RUNNING),
    ],
)
async def test_states(client, provider, status, state):
    provider.on(first("task_1"), body={"id": "task_1", "status": status})
    task = await client.task("task_1")
    assert task.state is state
    assert (task.failure is not None) == (state is TaskState.FAILED)


async def test_an_unknown_status_is_logged_once_and_not_for_ever(client, provider):
    with structlog.testing.capture_logs() as logs:
        for _ in range(2):
            provider.on(first("task_1"), body={"status": "warming\u202e up"})
            await client.task("task_1")
        for number in range(40):
            provider.on(first(f"t{number}"), body={"status": f"odd {number}"})
            await client.task(f"t{number}")
    strange = [entry["status"] for entry in logs if entry["event"] == "provider_status_unknown"]
    assert strange[:2] == ["warming up", "odd 0"]
    assert len(strange) == 32


@pytest.mark.parametrize(
    ("progress", "percent"),
    [
        (45, 45),
        (45.7, 45),
        ("45", 45),
        ("45.5", 45),
        ("45%", 45),
        (" 45 % ", 45),
        ("100%", 100),
        (-3, 0),
        (250, 100),
        (10**300, 100),
        ("", 0),
        ("soon", 0),
        (None, 0),
        (True, 0),
        ([45], 0),
        ({"percent": 45}, 0),
    ],
)
async def test_progress(client, provider, progress, percent):
    provider.on(first("task_1"), body={"status": "in_progress", "progress": progress})
    assert (await client.task("task_1")).progress == percent


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e400"])
async def test_progress_that_is_no_number(client, provider, number):
    provider.on(first("task_1"), raw=b'{"status": "in_progress", "progress": ' + number + b"}")
    assert (await client.task("task_1")).progress in {0, 100}


async def test_progress_may_be_absent(client, provider):
    provider.on(first("task_1"), body={"status": "in_progress"})
    assert (await client.task("task_1")).progress == 0


@pytest.mark.parametrize(
    "answer",
    [
        completed(),
        completed(result=None),
        completed(result={"type": "character", "data": None}),
        completed(result={"type": "character", "data": {"characters": None}}),
        completed(result={"type": "video", "data": [{"url": "https://f.example/v.mp4", "id": "v1", "format": "mp4"}]}),
        completed(result="none"),
        completed("just a string", {}, {"display_name": "nobody"}),
    ],
)
async def test_completed_without_a_character(client, provider, answer):
    provider.on(first("task_1"), body=answer)
    task = await client.task("task_1")
    assert (task.state, task.characters, task.failure) == (TaskState.COMPLETED, (), None)


@pytest.mark.parametrize(
    "answer",
    [
        completed(WHISKERS, {"id": "ch_2"}),
        completed(result={"characters": [WHISKERS, {"id": "ch_2"}]}),
        {"status": "completed", "data": {"characters": [WHISKERS, {"id": "ch_2"}]}},
        {"status": "completed", "characters": [WHISKERS, {"id": "ch_2"}]},
        {"code": "success", "data": completed(WHISKERS, {"id": "ch_2"})},
        {"code": 200, "data": {"status": "SUCCESS", "data": {"data": {"characters": [WHISKERS, {"id": "ch_2"}]}}}},
    ],
)
async def test_several_characters_are_all_kept_however_they_are_wrapped(client, provider, answer):
    provider.on(first("task_1"), body=answer)
    assert [each.id for each in (await client.task("task_1")).characters] == ["ch_6937", "ch_2"]


@pytest.mark.parametrize(
    ("character", "expected"),
    [
        ({"id": "ch_1", "username": "abc.turbo"}, ("ch_1", "turbo", "abc.turbo", "")),
        ({"id": "ch_1"}, ("ch_1", "ch_1", "", "")),
        ({"id": 77, "display_name": None}, ("77", "77", "", "")),
        ({"username": "@abc.turbo"}, ("", "turbo", "abc.turbo", "")),
        ({"id": "c", "display_name": "A\u202eB\x00\n C", "profile_picture_url": "ftp://x/y"}, ("c", "A B C", "", "")),
        ({"id": "c", "display_name": "x" * 999, "profile_picture_url": "http://["}, ("c", "x" * 200, "", "")),
        ({"id": "c", "display_name": "Ann", "profile_picture_url": "https://xn--a.example/p"}, ("c", "Ann", "", "")),
        ({"id": "c", "display_name": "👩\u200d🚀", "profile_picture_url": 5}, ("c", "👩\u200d🚀", "", "")),
    ],
)
async def test_missing_and_odd_fields_of_a_character(client, provider, character, expected):
    provider.on(first("task_1"), body=completed(character))
    (made,) = (await client.task("task_1")).characters
    assert (made.id, made.display_name, made.username, made.picture_url) == expected


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        ({"error": {"code": "generation_failed", "message": "oh"}}, TaskFailure("generation_failed", "oh")),
        ({"error": {"code": 5003, "message": "oh\u0000no"}}, TaskFailure("5003", "oh no")),
        ({"error": "it broke"}, TaskFailure("failed", "it broke")),
        ({"error": None}, TaskFailure("failed", "")),
        ({}, TaskFailure("failed", "")),
        ({"error": {"code": "x" * 900, "message": ["y"]}}, TaskFailure("x" * 200, "")),
    ],
)
async def test_failures(client, provider, answer, failure):
    provider.on(first("task_1"), body={"status": "failed", **answer})
    assert (await client.task("task_1")).failure == failure


@pytest.mark.parametrize("answer", [{}, {"id": "task_1"}, {"success": False, "message": "busy"}])
async def test_an_answer_without_a_status_says_nothing(client, provider, answer):
    provider.on(first("task_1"), body=answer)
    with pytest.raises(OutcomeUnknown) as caught:
        await client.task("task_1")
    assert "Asking costs nothing" in str(caught.value)


async def test_an_id_from_outside_stays_one_segment_of_the_path(client, provider):
    with pytest.raises(UnknownTask):
        await client.task("a/../../balance?x=1#y%2f")
    assert provider.seen[0].path == "/v1/characters_tasks/a%2F..%2F..%2Fbalance%3Fx%3D1%23y%252f"


# -- finding by our own id --


async def test_find_returns_the_task_under_the_providers_id(client, provider):
    provider.on(second("0123456789abcdef"), body={"id": "task_7", "status": "queued"})
    task = await client.find("0123456789abcdef")
    assert (task.id, task.state) == ("task_7", TaskState.QUEUED)
    assert provider.calls == [first("0123456789abcdef"), second("0123456789abcdef")]


async def test_find_knows_nothing_when_both_paths_do_not(client, provider):
    assert await client.find("0123456789abcdef") is None
    assert len(provider.seen) == 2


async def test_a_found_task_without_an_id_settles_nothing(client, provider):
    provider.on(first("0123456789abcdef"), body={"status": "queued"})
    with pytest.raises(OutcomeUnknown):
        await client.find("0123456789abcdef")


# -- uploading --

STORED = {
    "success": True,
    "message": "",
    "data": {"id": "upload_1", "url": "https://files.example/u.mp4", "mime_type": "video/mp4", "size": 5},
}


@pytest.mark.parametrize(
    ("mime", "name"), [("video/mp4", "clip.mp4"), ("video/quicktime", "clip.mov"), ("video/webm", "clip.webm")]
)
async def test_upload_sends_the_file_under_a_neutral_name(client, provider, tmp_path, mime, name):
    path = tmp_path / "my secret holiday.mp4"
    path.write_bytes(b"\x00\x01clip bytes")
    provider.on(UPLOAD, body=STORED)
    assert await client.upload_video(path, mime=mime) == "https://files.example/u.mp4"
    (seen,) = provider.seen
    assert seen.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert int(seen.headers["Content-Length"]) == len(seen.body)
    assert re.search(rb'name="file"; filename="%s"' % name.encode(), seen.body)
    assert f"Content-Type: {mime}".encode() in seen.body
    assert b"\r\n\r\n\x00\x01clip bytes\r\n--" in seen.body
    assert b"holiday" not in seen.body


async def test_upload_streams_from_disk_without_blocking(tmp_path):
    """45 MB go out of the process in pieces; meanwhile the loop keeps turning."""
    path = tmp_path / "clip"
    size = 45 * 1024 * 1024
    with path.open("wb") as file:
        os.truncate(file.fileno(), size)

    async def swallow(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        left = body_length(head)
        while left:
            left -= len(await reader.readexactly(min(left, 32 * 1024)))
        body = json.dumps(STORED).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()

    turns = 0

    async def turn():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with Socket(swallow) as server, client_for(server.base_url, Timeouts(5, 30, 30, 30)) as client:
        turning = asyncio.create_task(turn())
        tracemalloc.start()
        await client.upload_video(path, mime="video/mp4")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        turning.cancel()
    assert peak < 8 * 1024 * 1024
    assert turns > 100


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"success": True, "data": {}},
        {"data": {"url": "file:///etc/passwd"}},
        {"data": {"url": "https://"}},
        {"url": 5},
    ],
)
async def test_upload_answer_needs_a_web_address(client, provider, tmp_path, answer):
    (tmp_path / "clip").write_bytes(b"x")
    provider.on(UPLOAD, body=answer)
    with pytest.raises(OutcomeUnknown) as caught:
        await client.upload_video(tmp_path / "clip", mime="video/mp4")
    assert "Nothing was charged" in str(caught.value)


async def test_upload_url_may_stand_at_the_top(client, provider, tmp_path):
    (tmp_path / "clip").write_bytes(b"x")
    provider.on(UPLOAD, body={"url": "http://f.example/u.mp4"})
    assert await client.upload_video(tmp_path / "clip", mime="video/mp4") == "http://f.example/u.mp4"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"success": False, "message": "unsupported type"}, BadRequest),
        (415, {"success": False}, BadRequest),
        (401, {}, KeyRefused),
        (402, {}, BalanceEmpty),
        (413, {}, FileTooLarge),
        (500, {}, OutcomeUnknown),
        (408, {}, OutcomeUnknown),
    ],
)
async def test_upload_failures_charge_nothing(client, provider, tmp_path, status, body, kind):
    (tmp_path / "clip").write_bytes(b"x")
    provider.on(UPLOAD, status, body)
    with pytest.raises(kind) as caught:
        await client.upload_video(tmp_path / "clip", mime="video/mp4")
    assert type(caught.value) is kind
    assert caught.value.status == status
    assert "Nothing was charged" in str(caught.value)


async def test_a_video_above_the_limit_is_not_sent(client, provider, tmp_path):
    with (tmp_path / "clip").open("wb") as file:
        os.truncate(file.fileno(), PROVIDER_VIDEO_BYTES + 1)
    with pytest.raises(FileTooLarge) as caught:
        await client.upload_video(tmp_path / "clip", mime="video/mp4")
    assert "at most 50 MB" in str(caught.value)
    assert provider.seen == []


# -- balance --


@pytest.mark.parametrize(
    ("answer", "balance", "empty"),
    [
        ({"success": True, "remain_balance": 10.5, "unlimited_quota": False}, Balance(Decimal("10.5"), False), False),
        ({"remain_balance": "10.50"}, Balance(Decimal("10.50"), False), False),
        ({"remain_balance": 0}, Balance(Decimal(0), False), True),
        ({"remain_balance": -0.25}, Balance(Decimal("-0.25"), False), True),
        ({"remain_balance": -1}, Balance(None, True), False),
        ({"remain_balance": "-1"}, Balance(None, True), False),
        ({"remain_balance": 0, "unlimited_quota": True}, Balance(None, True), False),
        ({"remain_balance": 0, "unlimited_quota": "true"}, Balance(None, True), False),
        ({"data": {"remain_balance": 3}}, Balance(Decimal(3), False), False),
        ({"remain_balance": "lots"}, Balance(None, False), False),
        ({"remain_balance": True}, Balance(None, False), False),
        ({}, Balance(None, False), False),
    ],
)
async def test_balance(client, provider, answer, balance, empty):
    provider.on(BALANCE, body=answer)
    found = await client.balance()
    assert found == balance
    assert found.empty is empty


async def test_a_balance_that_is_no_number(client, provider):
    provider.on(BALANCE, raw=b'{"remain_balance": NaN}')
    assert await client.balance() == Balance(None, False)


# -- answers that are none --

UNREADABLE = {
    "html": b"<html><body>Bad gateway</body></html>",
    "empty": b"",
    "not utf-8": '{"id": "\xe9"}'.encode("latin-1"),
    "a list": b'[{"id": "task_1"}]',
    "cut": b'{"id": "task_',
    "lone surrogate": b'{"id": "\\ud800"}',
    "nested": b'{"id":' * 50_000,
    "endless number": b'{"progress": ' + b"9" * 5_000 + b"}",
    "too large": b'{"id": "task_1", "padding": "' + b"x" * PROVIDER_ANSWER_BYTES + b'"}',
}


@pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE)
async def test_a_success_that_cannot_be_read(client, provider, submit, raw):
    provider.on(SUBMIT, raw=raw).on(first("t"), raw=raw)
    with pytest.raises(OutcomeUnknown) as caught:
        await submit()
    assert (caught.value.status, caught.value.retry_after) == (200, None)
    assert "may have been charged" in str(caught.value)
    with pytest.raises(OutcomeUnknown):
        await client.task("t")


async def test_the_largest_answer_that_is_allowed_is_read(provider, submit):
    head, tail = b'{"id": "task_1", "padding": "', b'"}'
    provider.on(SUBMIT, raw=head + b"x" * (PROVIDER_ANSWER_BYTES - len(head) - len(tail)) + tail)
    assert (await submit()).id == "task_1"


FIELDS = ["id", "task_id", "status", "progress", "result", "data", "characters", "error", "code", "message", "url"]
FIELDS += ["username", "display_name", "profile_picture_url", "remain_balance", "unlimited_quota"]


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(FIELDS),
                inner,
                max_size=5,
            )
        ),
        max_leaves=12,
    ),
    st.sampled_from([200, 201, 303, 400, 403, 404, 422, 429, 500]),
)
async def test_whatever_json_comes_there_is_a_value_or_one_of_our_errors(answer, status):
    if not isinstance(answer, dict):
        answer = {"data": answer, "result": answer, "error": answer, "characters": answer}
    for kind in (TaskAnswer, UploadAnswer, BalanceAnswer):
        kind.model_validate(answer)
    for purpose in Purpose:
        try:
            body_of(Answer(status=status, body=answer), About(purpose=purpose, model="m"), now=NOW)
        except ProviderError as error:
            caught = str(error)
        else:
            caught = ""
        assert bool(caught) == (status >= 300)


# -- secrets and logs --


async def test_each_call_is_logged_without_ids_or_bodies(client, provider, submit, tmp_path):
    (tmp_path / "clip").write_bytes(b"x")
    provider.on(SUBMIT, body=QUEUED).on(UPLOAD, body=STORED).on(BALANCE, 500, {"error": {"code": "E1", "message": "m"}})
    with structlog.testing.capture_logs() as logs:
        await submit()
        await client.upload_video(tmp_path / "clip", mime="video/mp4")
        await client.find("0123456789abcdef")
        with pytest.raises(OutcomeUnknown):
            await client.balance()
    calls = [(entry["log_level"], entry["method"], entry["path"], entry["status"]) for entry in logs]
    assert calls == [
        ("info", "POST", "/v1/videos/generations", 200),
        ("info", "POST", "/v1/uploads/videos", 200),
        ("debug", "GET", "/v1/characters_tasks/{id}", 404),
        ("debug", "GET", "/v1/videos/generations/{id}", 404),
        ("info", "GET", "/v1/balance", 500),
    ]
    assert all(isinstance(entry["ms"], int) and entry["ms"] >= 0 for entry in logs)
    said = repr(logs)
    assert not any(secret in said for secret in (KEY, "0123456789abcdef", "f.example", "task_01ABC", "clip"))


def chain(error):
    """The error, and everything that hangs on it."""
    found, waiting = [], [error]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += [each for each in (one.__cause__, one.__context__) if each is not None and each not in found]
    return found


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 418, 422, 429, 500, 200])
async def test_the_key_is_nowhere_even_where_the_provider_repeats_it(client, provider, submit, caplog, capsys, status):
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    echo = {
        "code": f"bad {KEY}",
        "message": f"your key {KEY} is no good",
        "x": KEY,
        "error": {"code": KEY, "message": KEY},
    }
    provider.on(SUBMIT, status, echo)
    with structlog.testing.capture_logs() as logs, pytest.raises(ProviderError) as caught:
        await submit()
    assert len(chain(caught.value)) == 1  # aiohttp's own exceptions hold the request with its headers
    shown = [
        repr(caught.value),
        str(caught.value),
        repr(vars(caught.value)),
        repr(client),
        repr(vars(client)),
        repr(logs),
    ]
    shown += [caplog.text, *capsys.readouterr()]
    assert not any(KEY in each for each in shown)
    assert "no good" not in str(caught.value)


async def test_the_key_of_a_failed_task_is_cut_out_too(client, provider):
    provider.on(first("t"), body={"status": "failed", "error": {"code": KEY, "message": f"{KEY}!"}})
    assert (await client.task("t")).failure == TaskFailure("[key]", "[key]!")


async def test_a_stand_in_for_a_key_does_not_garble_answers(provider):
    provider.on(BALANCE, body={"remain_balance": 1})
    async with client_for(provider.base_url, api_key=SecretStr("a")) as client:
        assert await client.balance() == Balance(Decimal(1), False)


async def test_no_redirect_is_followed(client, provider, submit):
    provider.on(SUBMIT, 307, {}, headers={"Location": provider.base_url + "/elsewhere"})
    provider.on(first("t"), 302, {}, headers={"Location": provider.base_url + "/elsewhere"})
    with pytest.raises(ProviderError):
        await submit()
    with pytest.raises(OutcomeUnknown):
        await client.task("t")
    assert provider.calls == [SUBMIT, first("t")]


async def test_cookies_and_proxies_of_the_environment_are_ignored(provider, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    provider.on(BALANCE, body={"remain_balance": 1}, headers={"Set-Cookie": "a=b"})
    async with client_for(provider.base_url) as client:
        await client.balance()
        await client.balance()
    assert all("Cookie" not in seen.headers for seen in provider.seen)
    assert len(provider.seen) == 2


async def test_base_url_may_end_in_a_slash(provider):
    provider.on(BALANCE, body={"remain_balance": 1})
    async with client_for(provider.base_url + "/") as client:
        await client.balance()
    assert provider.calls == [BALANCE]


async def test_calling_before_open_or_after_close_is_a_defect(provider):
    client = client_for(provider.base_url)
    with pytest.raises(RuntimeError, match="not open"):
        await client.balance()
    await client.close()
    await client.open()
    await client.close()
    await client.close()
    with pytest.raises(RuntimeError, match="not open"):
        await client.balance()


async def test_a_range_is_printed_for_the_provider(provider, submit):
    provider.on(SUBMIT, body=QUEUED)
    await submit(range=type(RANGE)(Decimal("3.550"), Decimal("5.50")))
    assert provider.seen[0].json["timestamps"] == "3.55,5.5"
