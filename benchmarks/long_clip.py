"""Renders the clip for speed measurements: a talking figure with the grain and the bit rate of a camera."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from numpy.typing import NDArray

from playground.clip import render_clip
from playground.voice import RATE, speak

FPS = 25
_LONGEST_LOOP = 10.0  # seconds that are encoded; the rest repeats them
_DRAWN = 2.0  # seconds of those that are drawn; the rest repeats them with different grain
_GRAIN = 5.0  # standard deviation, of 255
_SHIFTS = 64  # pixels that the grain moves by at most from one picture to the next
_KEY_EVERY = 2  # seconds: phones write a key frame every second or two
_BITS = 5_300_000  # a second: some 40 MB a minute
_SAMPLES_A_FRAME = 1024
Packet = Any  # av.Packet of either kind


def render_long_clip(path: Path, *, seconds: float = 60.0, size: tuple[int, int] = (1920, 1080)) -> None:
    """Writes an MP4 (H.264, AAC) to ``path``, with temporary files beside it."""
    loop = path.with_suffix(".loop.mp4")
    turns = math.ceil(seconds / _LONGEST_LOOP)
    _render_loop(loop, seconds=seconds / turns, size=size)
    with av.open(str(loop)) as once, av.open(str(path), "w", format="mp4") as container:
        source = once.streams.video[0]
        picture = container.add_stream_from_template(source)
        sound = container.add_stream("aac", rate=RATE, layout="mono", bit_rate=128_000)
        packets = [packet for packet in once.demux(source) if packet.size]
        pictures = _again_and_again(packets, picture, turns)
        for packet in heapq.merge(pictures, _spoken(sound, seconds), key=_instant):
            container.mux(packet)
    loop.unlink()


def _start(packet: av.Packet[Any]) -> Fraction:
    """When it is to be decoded, in seconds."""
    if packet.dts is None:
        raise ValueError("a packet without an instant")
    return packet.dts * packet.time_base


def _end(packet: av.Packet[Any]) -> Fraction:
    """When the next one may follow, in seconds."""
    return _start(packet) + (packet.duration or 0) * packet.time_base


def _later(instant: int | None, by: int) -> int | None:
    return None if instant is None else instant + by


def repeat_clip(clip: Path, into: Path, *, seconds: float) -> None:
    """Writes an MP4 of ``seconds`` or a little more to ``into``: the unchanged packets of ``clip``, repeated."""
    with av.open(str(clip)) as once, av.open(str(into), "w", format="mp4") as container:
        tracks = (*once.streams.video, *once.streams.audio)
        streams = {track: container.add_stream_from_template(track) for track in tracks}
        packets = [packet for packet in once.demux(*tracks) if packet.size]
        turn = max(map(_end, packets)) - min(map(_start, packets))
        for number, packet in product(range(math.ceil(seconds / turn)), packets):
            copy = av.Packet(bytes(packet))
            later = round(number * turn / packet.time_base)
            copy.pts, copy.dts = _later(packet.pts, later), _later(packet.dts, later)
            copy.time_base, copy.duration = packet.time_base, packet.duration
            copy.is_keyframe = packet.is_keyframe
            copy.stream = streams[packet.stream]
            container.mux(copy)


def _instant(packet: Packet) -> float:
    return float(packet.dts * packet.time_base)


def _again_and_again(packets: list[Packet], stream: VideoStream, turns: int) -> Iterator[Packet]:
    """The packets of the loop; each repetition is later by the loop's length."""
    tick = packets[0].time_base
    frame = round(Fraction(1, FPS) / tick)
    for turn, packet in product(range(turns), packets):
        copy = av.Packet(bytes(packet))
        later = turn * len(packets) * frame
        copy.pts, copy.dts = packet.pts + later, packet.dts + later
        copy.time_base, copy.duration = tick, frame
        copy.is_keyframe = packet.is_keyframe
        copy.stream = stream
        yield copy


def _spoken(stream: AudioStream, seconds: float) -> Iterator[Packet]:
    samples = speak(seconds).samples
    for start in range(0, len(samples), _SAMPLES_A_FRAME):
        part = np.ascontiguousarray(samples[np.newaxis, start : start + _SAMPLES_A_FRAME])
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _render_loop(path: Path, *, seconds: float, size: tuple[int, int]) -> None:
    drawn = path.with_suffix(".drawn.mp4")
    render_clip(drawn, seconds=min(_DRAWN, seconds), size=size, fps=FPS, sound=False)
    with av.open(str(path), "w", format="mp4") as container:
        options = {
            "preset": "superfast",
            "g": str(FPS * _KEY_EVERY),
            "maxrate": str(2 * _BITS),
            "bufsize": str(2 * _BITS),
        }
        picture = container.add_stream("libx264", rate=FPS, options=options, bit_rate=_BITS)
        picture.width, picture.height, picture.pix_fmt = *size, "yuv420p"
        for number, plane in enumerate(_grainy(drawn, round(seconds * FPS))):
            frame = av.VideoFrame.from_ndarray(plane, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
    drawn.unlink()


def _grainy(drawn: Path, count: int) -> Iterator[NDArray[np.uint8]]:
    """``count`` pictures (yuv420p, one plane under the other), starting over when they are used up."""
    chance = np.random.default_rng(1)
    with av.open(str(drawn)) as container:
        planes = [frame.to_ndarray().astype(np.uint8, copy=False) for frame in container.decode(video=0)]
    height, width = planes[0].shape[0] * 2 // 3, planes[0].shape[1]
    grain = chance.normal(0, _GRAIN, (height + _SHIFTS, width + _SHIFTS)).astype(np.int16)
    for number in range(count):
        plane = planes[number % len(planes)].copy()
        top, left = chance.integers(0, _SHIFTS, 2)
        bright = plane[:height] + grain[top : top + height, left : left + width]
        plane[:height] = np.clip(bright, 0, 255).astype(np.uint8)
        yield plane
