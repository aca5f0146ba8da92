"""Each row of the provider's error table, and what its family adds: the error, its sentence, and what it costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.provider.error_mapping import retry_after
from bot.provider.errors import (
    BadRequest,
    BalanceEmpty,
    ContentRefused,
    FileTooLarge,
    KeyRefused,
    ModelClosed,
    OutcomeUnknown,
    ProviderError,
    RateLimited,
    Rejected,
    UnknownTask,
)
from tests.provider.loopback import BALANCE, NOW, RANGE, SUBMIT, client_for, first, second

HTML = {"raw": b"<!DOCTYPE html><p>nope", "content_type": "text/html; charset=gbk"}
TAIL = "Nothing was charged"


def envelope(code, message="", kind="x"):
    return {"error": {"code": code, "message": message, "type": kind}}


async def refused(submit, kind, **changes):
    with pytest.raises(ProviderError) as caught:
        await submit(**changes)
    assert type(caught.value) is kind
    return caught.value


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (400, envelope("invalid_request", "bad"), BadRequest, "didn't accept this request"),
        (400, envelope(400, "timestamps out of range"), BadRequest, "doesn't accept these seconds"),
        (400, envelope("x", "The video must have an audio track"), BadRequest, "video with sound"),
        (400, envelope("x", "no identifiable character in video"), BadRequest, "found no character"),
        (400, envelope("content_policy_violation"), ContentRefused, "content rules"),
        (400, envelope("x", "内容违规"), ContentRefused, "content rules"),
        (400, {}, BadRequest, "didn't accept this request"),
        (401, envelope("invalid_api_key"), KeyRefused, "refused this bot's key"),
        (401, {}, KeyRefused, "people who run this bot know"),
        (402, envelope("insufficient_quota"), BalanceEmpty, "balance at ToAPIs is used up"),
        (402, {}, BalanceEmpty, "people who run this bot know"),
        (403, envelope("insufficient_user_quota", "x"), BalanceEmpty, "balance"),
        (429, envelope("insufficient_quota", "x"), BalanceEmpty, "balance"),
        (403, envelope("model_forbidden"), ModelClosed, "“sora-2”"),
        (403, {}, ModelClosed, "Choose another one: sora-2-pro, sora-2-vip."),
        (404, envelope("x", "whatever"), ModelClosed, "doesn't offer the model"),
        (404, {}, ModelClosed, "doesn't offer the model"),
        (400, envelope("model_not_found"), ModelClosed, "“sora-2”"),
        (400, envelope("x", "Model not found: sora-2"), ModelClosed, "“sora-2”"),
        (400, envelope("x", "The model `sora-2` does not exist"), ModelClosed, "“sora-2”"),
        (503, envelope("model_not_found", "no available channel for model sora-2"), ModelClosed, "“sora-2”"),
        (403, envelope("cameo_permission_denied"), Rejected, "hasn't given ToAPIs permission"),
        (400, envelope("cameo_permission_denied"), BadRequest, "hasn't given ToAPIs permission"),
        (404, envelope("cameo_not_found"), Rejected, "withdrawn"),
        (
            400,
            envelope("x", "Too many users mentioned"),
            BadRequest,
            "more characters in this clip than ToAPIs allows",
        ),
        (413, {}, FileTooLarge, "at most 50 MB"),
        (422, envelope("policy"), ContentRefused, "content rules don't allow"),
        (422, {}, ContentRefused, "content rules don't allow"),
        (418, {}, BadRequest, "didn't accept this request"),
        (301, {}, Rejected, "has moved to another address"),
        (429, envelope("rate_limit_exceeded"), RateLimited, "sent ToAPIs too many requests"),
        (429, {}, RateLimited, "too many requests"),
        (400, {"success": False, "message": "no audio"}, BadRequest, "video with sound"),
        (400, {"code": "model_not_found", "message": ""}, ModelClosed, "“sora-2”"),
        (400, {"error": "model not found"}, ModelClosed, "“sora-2”"),
    ],
)
async def test_a_refused_submission(provider, submit, status, body, kind, says):
    provider.on(SUBMIT, status, body)
    error = await refused(submit, kind)
    assert error.status == status
    assert says in str(error)
    assert TAIL in str(error)
    assert len(provider.seen) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 408, 409, 303])
async def test_a_submission_whose_outcome_is_open(provider, submit, status):
    provider.on(
        SUBMIT, status, envelope("rate_limit_unavailable", "no audio, model not found"), headers={"Retry-After": "3"}
    )
    error = await refused(submit, OutcomeUnknown)
    assert (error.status, error.code, error.retry_after) == (status, "rate_limit_unavailable", 3)
    assert "may have been charged" in str(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequest),
        (401, KeyRefused),
        (402, BalanceEmpty),
        (403, Rejected),
        (404, Rejected),
        (413, FileTooLarge),
        (422, ContentRefused),
        (429, RateLimited),
        (502, OutcomeUnknown),
    ],
)
async def test_html_of_a_proxy_is_read_by_its_status_and_closes_no_model(provider, submit, status, kind):
    provider.on(SUBMIT, status, **HTML)
    error = await refused(submit, kind)
    assert error.code == "no JSON object"
    assert "DOCTYPE" not in str(error)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, {}, UnknownTask),
        (404, envelope("task_not_found"), UnknownTask),
        (400, envelope("task_not_exist"), UnknownTask),
        (404, envelope("model_not_found"), ModelClosed),
        (403, envelope("model_forbidden"), ModelClosed),
        (403, {}, UnknownTask),
        (403, envelope("forbidden", "this task belongs to another user"), UnknownTask),
    ],
)
async def test_a_made_up_task_id_closes_no_model(provider, submit, status, body, kind):
    provider.on(SUBMIT, status, body)
    error = await refused(submit, kind, url=None, from_task="task_made_up")
    assert TAIL in str(error)


async def test_a_task_that_is_still_running_is_said_to_be(provider, submit):
    provider.on(SUBMIT, 400, envelope("invalid_task", "task is not completed yet"))
    error = await refused(submit, BadRequest, url=None, from_task="task_mine")
    assert "still running" in str(error)
    assert TAIL in str(error)


@pytest.mark.parametrize("task", ["insufficient_balance", "model_not_found", "Insufficient-Quota"])
async def test_a_task_id_that_the_provider_repeats_is_not_read_as_its_words(provider, submit, task):
    provider.on(SUBMIT, 404, envelope("not_found", f"task {task} does not exist"))
    await refused(submit, UnknownTask, url=None, from_task=task)


@pytest.mark.parametrize(
    "message",
    [
        "model sora-2: audio not found",
        "the model could not see a character; face not found",
        "model says: not your character",
    ],
)
async def test_one_clips_trouble_is_not_taken_for_a_closed_model(provider, submit, message):
    provider.on(SUBMIT, 400, envelope("x", message))
    await refused(submit, BadRequest)


async def test_the_only_model_has_no_other_to_offer(provider):
    provider.on(SUBMIT, 403, {})
    async with client_for(provider.base_url, models=("sora-2",)) as client:
        with pytest.raises(ModelClosed) as caught:
            await client.create_character(model="sora-2", range=RANGE, business_id="b", url="https://f.example/")
    assert caught.value.model == "sora-2"
    assert "no other model that is set up here works" in str(caught.value)


async def test_the_code_is_one_short_clean_line(provider, submit):
    provider.on(SUBMIT, 400, envelope("bad\x1b[31m\r\nline\u202e" + "x" * 500, "secret words"))
    error = await refused(submit, BadRequest)
    assert error.code == ("bad [31m line " + "x" * 500)[:200]
    assert "secret words" not in repr(error) + repr(vars(error))


async def test_a_numeric_code_is_kept_as_words(provider, submit):
    provider.on(SUBMIT, 400, envelope(10013))
    assert (await refused(submit, BadRequest)).code == "10013"


# -- queries --


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, KeyRefused), (402, BalanceEmpty), (404, UnknownTask), (429, RateLimited)]
    + [(each, OutcomeUnknown) for each in (302, 400, 403, 408, 413, 422, 500, 502, 503, 504)],
)
async def test_a_query_is_refused_for_good_only_by_what_concerns_key_or_task(client, provider, status, kind):
    """Whatever a proxy says of one query, the task goes on and its result must not be lost for it."""
    for route in (first("t"), second("t")):
        provider.on(route, status, envelope("model_not_found"))
    with pytest.raises(ProviderError) as caught:
        await client.task("t")
    assert type(caught.value) is kind
    assert caught.value.status == status


async def test_a_refused_key_is_seen_by_the_balance_too(client, provider):
    provider.on(BALANCE, 401, {})
    with pytest.raises(KeyRefused):
        await client.balance()


# -- Retry-After --


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0),
        ("12", 12),
        (" 12 ", 12),
        ("1.5", 1.5),
        ("-4", 0),
        ("99999999", 3600),
        ("9" * 400, 3600),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("Sat, 01 Aug 2026 12:00:30 GMT", 30),
        ("Saturday, 01-Aug-26 12:01:00 GMT", 60),
        ("Sat, 01 Aug 2026 11:00:00 GMT", 0),
        ("Sat, 01 Aug 2026 23:00:00 GMT", 3600),
        ("Sat, 01 Aug 2026 12:00:30 -0000", 30),
        ("Sat, 01 Aug 99999 12:00:30 GMT", None),
        ("Sat, 99 Aug 2026 12:00:30 GMT", None),
    ],
)
async def test_retry_after(provider, submit, header, seconds):
    provider.on(SUBMIT, 429, {}, headers={} if header is None else {"Retry-After": header})
    assert (await refused(submit, RateLimited)).retry_after == seconds


@given(st.text(max_size=60) | st.datetimes(timezones=st.just(UTC)).map(str))
def test_no_retry_after_is_fatal(header):
    seconds = retry_after(header, now=NOW)
    assert seconds is None or 0 <= seconds <= 3600


@given(st.integers(0, 3600), st.integers(-12, 12))
def test_http_dates_count_from_our_clock_in_any_zone(seconds, hours):
    then = (NOW + timedelta(seconds=seconds)).astimezone(timezone(timedelta(hours=hours)))
    assert retry_after(format_datetime(then), now=NOW) == seconds
    assert isinstance(NOW, datetime)
