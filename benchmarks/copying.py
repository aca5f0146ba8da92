"""What posting a video is compared with: copying its bytes from the provider to the disk, and from there to Discord.

Run as a file: copying.py API_URL TOKEN CHANNEL FOLDER. It reads the address of a file per line, copies that file, and
prints how many seconds it took from the request to Discord's answer.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

import aiohttp

_CHUNK = 256 * 1024


async def _copy(session: aiohttp.ClientSession, url: str, path: Path, post_to: str) -> None:
    async with session.get(url) as answer:
        with path.open("wb") as file:
            async for piece in answer.content.iter_chunked(_CHUNK):
                file.write(piece)
            os.fsync(file)
    with path.open("rb") as file:
        form = aiohttp.FormData()
        form.add_field("payload_json", json.dumps({"attachments": [{"id": 0, "filename": "video.mp4"}]}))
        form.add_field("files[0]", file, filename="video.mp4", content_type="application/octet-stream")
        async with session.post(post_to, data=form) as answer:
            answer.raise_for_status()
            await answer.read()


async def _serve(api_url: str, token: str, channel: str, folder: str) -> None:
    headers = {"Authorization": f"Bot {token}"}
    async with aiohttp.ClientSession(headers=headers, read_bufsize=_CHUNK) as session:
        while line := await asyncio.to_thread(sys.stdin.readline):
            began = time.perf_counter()
            await _copy(session, line.strip(), Path(folder) / "copied.mp4", f"{api_url}/channels/{channel}/messages")
            print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    asyncio.run(_serve(*sys.argv[1:]))
