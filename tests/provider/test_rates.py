"""The token buckets, measured against the provider's own windows."""

from __future__ import annotations

import asyncio
from bisect import bisect_left

import pytest

from bot.provider.rates import OwnRate
from tests.provider.loopback import BALANCE, SUBMIT, client_for
from tests.skipping_loop import SkippingLoop


def taken(per_second, calls):
    """The instants at which ``calls`` that all come at once get their token."""
    instants = []

    async def one(limiter):
        await limiter.acquire()
        instants.append(asyncio.get_running_loop().time())

    async def everybody():
        limiter = OwnRate(per_second)
        await asyncio.gather(*(one(limiter) for _ in range(calls)))

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        runner.run(everybody())
    return instants


@pytest.mark.parametrize(
    ("per_second", "windows"),
    [(5, {1: 5, 10: 50, 60: 300}), (50, {1: 50, 10: 500})],
)
def test_no_window_of_the_providers_is_ever_overrun(per_second, windows):
    instants = taken(per_second, (max(windows) + 2) * per_second)
    for seconds, most in windows.items():
        fullest = max(bisect_left(instants, start + seconds - 1e-6) - at for at, start in enumerate(instants))
        assert most - 1 <= fullest <= most  # not overrun, and not wasted either


async def seconds_for(calls):
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.gather(*calls)
    return loop.time() - began


async def test_submissions_and_queries_wait_for_buckets_of_their_own(provider):
    provider.on(SUBMIT, body={"id": "t"}).on(BALANCE, body={"remain_balance": 1})

    async with client_for(provider.base_url, submit_per_second=5, query_per_second=50) as client:
        assert await seconds_for([client.submit_slot() for _ in range(3)]) >= 0.39
        assert await seconds_for([client.balance() for _ in range(6)]) >= 0.09


async def test_uploads_take_no_token(provider, tmp_path):
    (tmp_path / "clip").write_bytes(b"x")
    provider.on(("POST", "/v1/uploads/videos"), body={"url": "https://f.example/u"})
    async with client_for(provider.base_url, submit_per_second=0.01, query_per_second=0.01) as client:
        for _ in range(3):
            await client.upload_video(tmp_path / "clip", mime="video/mp4")
    assert len(provider.seen) == 3
