"""`python -m playground.provider` as a process."""

import asyncio
import signal
import sys

import aiohttp


async def test_it_runs_alone_and_says_that_it_is_simulated():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "playground.provider", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    lines = [(await process.stdout.readline()).decode() for _ in range(3)]
    assert "simulated provider" in lines[0]
    address, key = lines[1].split()[-1], lines[2].split()[-1]
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession() as session, session.get(address + "/v1/balance", headers=headers) as answer:
        assert answer.status == 200
    process.send_signal(signal.SIGTERM)
    await process.communicate()
    assert process.returncode == 0
