"""The ffmpeg command lines that our own media child is compared with."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

from bot.media.child.cutting import _X264
from bot.media.child.shrinking import PRESET

PICTURES = 16  # of a filmstrip
WIDTH = 320  # pixels of each of them, and of the pictures that are analysed for the best seconds

Way = Callable[[], Awaitable[None]]


def installed() -> bool:
    """Whether ``ffmpeg`` and ``ffprobe`` are on the path."""
    return all(shutil.which(program) for program in ("ffmpeg", "ffprobe"))


async def probe(source: Path) -> None:
    await _run("ffprobe", "-count_packets", "-show_format", "-show_streams", "-of", "json", str(source))


async def tiled(source: Path, seconds: float, into: Path) -> None:
    """A filmstrip in one pass over the whole video: every n-th picture becomes a tile."""
    chain = f"fps={PICTURES}/{seconds},scale={WIDTH}:-2,tile=4x4"
    await _ffmpeg("-i", str(source), "-vf", chain, "-frames:v", "1", str(into / "tiled.jpg"))


async def sought(source: Path, seconds: float, into: Path) -> None:
    """A filmstrip by one process per picture, which seeks to it."""
    for number in range(PICTURES):
        at = f"{seconds * (number + 0.5) / PICTURES:.3f}"
        size = f"scale={WIDTH}:-2"
        await _ffmpeg("-ss", at, "-i", str(source), "-vf", size, "-frames:v", "1", str(into / f"{number}.jpg"))


async def decoded_small(source: Path) -> None:
    """Decode and scale every picture, decode the sound, keep nothing."""
    await _ffmpeg("-i", str(source), "-vf", f"scale={WIDTH}:-2", "-f", "null", "-")


async def cut(source: Path, start: float, seconds: float, into: Path) -> None:
    """Encode the cut with the same settings as ours."""
    x264 = [word for name, value in _X264.items() for word in (f"-{name}", value)]
    video = ("-c:v", "libx264", *x264, "-pix_fmt", "yuv420p")
    audio = ("-c:a", "aac", "-b:a", "160k", "-ar", "48000", "-ac", "2")
    span = ("-ss", str(start), "-i", str(source), "-t", str(seconds))
    await _ffmpeg(*span, *video, *audio, "-movflags", "+faststart", str(into / "cut.mp4"))


async def fitted(source: Path, picture: int, sound: int, into: Path) -> None:
    """Encode in two passes at these rates, in bits per second."""
    log = ("-c:v", "libx264", "-preset", PRESET, "-b:v", str(picture), "-passlogfile", str(into / "pass"))
    await _ffmpeg("-i", str(source), *log, "-pass", "1", "-an", "-f", "null", "-")
    audio = ("-c:a", "aac", "-b:a", str(sound), "-ar", "48000", "-ac", "2")
    both = (*log, "-pass", "2", "-pix_fmt", "yuv420p", *audio)
    await _ffmpeg("-i", str(source), *both, "-movflags", "+faststart", str(into / "fit.mp4"))


async def deep(source: Path, into: Path, *, hdr: bool) -> None:
    """The same clip as 10-bit HEVC, as phones record it, tagged as HLG or as SDR. The pictures are the same."""
    tags = ("bt2020", "arib-std-b67", "bt2020nc") if hdr else ("bt709", "bt709", "bt709")
    said = zip(("-color_primaries", "-color_trc", "-colorspace"), tags, strict=True)
    video = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p10le")
    await _ffmpeg("-i", str(source), *video, *(word for pair in said for word in pair), "-c:a", "copy", str(into))


async def _ffmpeg(*arguments: str) -> None:
    await _run("ffmpeg", "-nostdin", "-y", *arguments)


async def _run(program: str, *arguments: str) -> None:
    """Raises RuntimeError with its output if it fails."""
    child = await asyncio.create_subprocess_exec(
        program,
        "-v",
        "error",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await child.communicate()
    if child.returncode != 0:
        raise RuntimeError(f"{program} failed: {said.decode(errors='replace')[-500:]}")
