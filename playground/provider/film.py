"""Renders the video that a request asked for: short, with sound, and with the very people it was given in it."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

from playground.provider.clip_analysis import DEMUXERS, kind_of
from playground.voice import RATE, speak

Samples = NDArray[np.float32]

_SHORTER: Final = 360  # pixels of the shorter side
_FPS: Final = 12
_SHORTEST: Final = 2.0  # seconds; a real model makes as many as were asked for
_LONGEST: Final = 4.0
_ZOOM: Final = 1.08  # by which a picture is larger than its place, so that it can move
_EACH: Final = 1.0  # seconds of one picture before the next of the same person
_MARGIN: Final = 8
_CAPTION: Final = 64
_INK: Final = (240, 240, 235)
_USERNAME = re.compile(r"@[\w.]+")


@dataclass(frozen=True, slots=True)
class Player:
    """Somebody in the video: pictures, or a clip (which is preferred: it moves, and is heard)."""

    pictures: tuple[Path, ...] = ()
    clip: Path | None = None


def render_film(
    into: Path, players: Sequence[Player], *, prompt: str, model: str, seconds: float, ratio: str, sound: bool
) -> bytes:
    """Writes an MP4 of 2 to 4 seconds to `into`; returns its last picture as a JPEG. Blocks: meant for a thread."""
    size = _size(ratio)
    length = min(max(float(seconds), _SHORTEST), _LONGEST)
    count = round(length * _FPS)
    backdrop = _backdrop(size, f"{model} (simulated)", prompt)
    places = list(_places(size, max(1, len(players))))
    shown = [
        _looks(player, (right - left, bottom - top), count)
        for player, (left, top, right, bottom) in zip(players, places, strict=False)
    ]
    picture = backdrop
    with av.open(str(into), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        video = container.add_stream("libx264", rate=_FPS, options={"crf": "26", "preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        audio = container.add_stream("aac", rate=RATE, layout="mono", bit_rate=64_000) if sound else None
        for number in range(count):
            picture = backdrop.copy()
            for looks, (left, top, _, _) in zip(shown, places, strict=False):
                picture.paste(looks[number], (left, top))
            frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, _FPS)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None:
            for heard in _pieces(_soundtrack(players, length)):
                container.mux(audio.encode(heard))
            container.mux(audio.encode(None))
    into_jpeg = into.with_suffix(".jpg")
    picture.save(into_jpeg, "JPEG", quality=85)
    try:
        return into_jpeg.read_bytes()
    finally:
        into_jpeg.unlink()


def _size(ratio: str) -> tuple[int, int]:
    """Both even; what is no ratio (`adaptive`) is 16:9."""
    wide, _, high = ratio.partition(":")
    share = int(wide) / int(high) if wide.isdecimal() and high.isdecimal() else 16 / 9
    width, height = (_SHORTER * share, _SHORTER) if share >= 1 else (_SHORTER, _SHORTER / share)
    return round(width / 2) * 2, round(height / 2) * 2


def _backdrop(size: tuple[int, int], model: str, prompt: str) -> Image.Image:
    """A dusky gradient with the prompt at its foot, without usernames: those are for nobody but their owners."""
    width, height = size
    picture = Image.linear_gradient("L").resize(size)
    sheet = ImageOps.colorize(picture, (36, 42, 66), (92, 64, 82))
    draw = ImageDraw.Draw(sheet)
    small, font = ImageFont.load_default(11), ImageFont.load_default(13)
    lines = textwrap.wrap(_USERNAME.sub("@…", prompt), width=max(20, width // 7), max_lines=3, placeholder=" …")
    draw.text((_MARGIN, height - _CAPTION + 2), "\n".join(lines), _INK, font, spacing=2)
    draw.text((width - _MARGIN, height - 3), model, (190, 190, 200), small, anchor="rs")
    return sheet


def _places(size: tuple[int, int], count: int) -> Iterator[tuple[int, int, int, int]]:
    """As many boxes as people, in rows as square as can be."""
    width, height = size[0] - _MARGIN, size[1] - _CAPTION - _MARGIN
    columns = min(count, max(1, round(math.sqrt(count * width / height))))
    rows = math.ceil(count / columns)
    for at in range(count):
        column, row = at % columns, at // columns
        left, top = _MARGIN + column * width // columns, _MARGIN + row * height // rows
        yield left, top, left + width // columns - _MARGIN, top + height // rows - _MARGIN


def _looks(player: Player, size: tuple[int, int], count: int) -> list[Image.Image]:
    """How somebody looks in each frame."""
    if player.clip is not None and (frames := list(_frames(player.clip, size, count))):
        return [frames[number % len(frames)] for number in range(count)]
    larger = (round(size[0] * _ZOOM), round(size[1] * _ZOOM))
    stills = [_fitted(Image.open(path), larger) for path in player.pictures] or [Image.new("RGB", larger)]
    return [_moved(stills[int(number / _FPS / _EACH) % len(stills)], size, number / count) for number in range(count)]


def _frames(path: Path, size: tuple[int, int], count: int) -> Iterator[Image.Image]:
    with path.open("rb") as file:
        kind = kind_of(file.read(64))
    with av.open(str(path), format=DEMUXERS[kind or "video/mp4"]) as container:
        due = 0.0
        for frame in container.decode(video=0):
            if count <= 0:
                break
            if frame.time is None:
                continue
            if frame.time < due:
                continue
            due, count = due + 1 / _FPS, count - 1
            share = min(size[0] / frame.width, size[1] / frame.height)
            small = frame.reformat(max(1, round(frame.width * share)), max(1, round(frame.height * share)), "rgb24")
            yield _fitted(Image.fromarray(small.to_ndarray()), size)


def _fitted(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The whole picture in a box of `size`, with its own colours around it."""
    whole = picture.convert("RGB")
    box = whole.resize((8, 8), Image.Resampling.BOX).resize(size, Image.Resampling.BICUBIC)
    inner = ImageOps.contain(whole, size, Image.Resampling.BILINEAR)
    box.paste(inner, ((size[0] - inner.width) // 2, (size[1] - inner.height) // 2))
    return box


def _moved(picture: Image.Image, size: tuple[int, int], share: float) -> Image.Image:
    left = round((picture.width - size[0]) * share)
    top = round((picture.height - size[1]) * (0.5 + 0.5 * math.sin(2 * math.pi * share)))
    return picture.crop((left, top, left + size[0], top + size[1]))


def _soundtrack(players: Sequence[Player], length: float) -> Samples:
    """Those who can be heard speak one after the other; where nobody can, a made-up voice does."""
    voices = [heard for player in players if player.clip is not None and len(heard := _heard(player.clip))]
    if not voices:
        return speak(length).samples
    each = round(length * RATE / len(voices))
    turns = [np.pad(voice[:each], (0, max(0, each - len(voice)))) for voice in voices]
    return np.concatenate(turns).astype(np.float32)


def _heard(path: Path) -> Samples:
    with path.open("rb") as file:
        kind = kind_of(file.read(64))
    with av.open(str(path), format=DEMUXERS[kind or "video/mp4"]) as container:
        if not container.streams.audio:
            return np.zeros(0, dtype=np.float32)
        resampler = AudioResampler(format="flt", layout="mono", rate=RATE)
        frames = chain.from_iterable(resampler.resample(frame) for frame in container.decode(audio=0))
        parts = [frame.to_ndarray().reshape(-1) for frame in frames]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)


def _pieces(samples: Samples) -> Iterator[av.AudioFrame]:
    for start in range(0, len(samples), 1024):
        part = np.ascontiguousarray(samples[np.newaxis, start : start + 1024])
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        yield frame
