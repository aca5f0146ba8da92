"""Tracks of a file that a test writes, of the kind that their codec makes."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import av
from av.container import OutputContainer


def add_pictures(
    container: OutputContainer, codec: str, rate: int | Fraction, options: Mapping[str, str] | None = None
) -> av.VideoStream:
    """A track of pictures, in this many a second."""
    track = container.add_stream(codec, rate=rate, options=dict(options or {}))
    assert isinstance(track, av.VideoStream), f"{codec} makes no pictures"
    return track


def add_sound(
    container: OutputContainer, codec: str, rate: int, layout: str = "mono", options: Mapping[str, str] | None = None
) -> av.AudioStream:
    """A track of sound, in this many samples a second."""
    track = container.add_stream(codec, rate=rate, layout=layout, options=dict(options or {}))
    assert isinstance(track, av.AudioStream), f"{codec} makes no sound"
    return track


def seconds_of(packet: av.Packet) -> Fraction:
    """When it is shown or heard from."""
    assert packet.pts is not None
    return packet.pts * packet.time_base


def place_of(packet: av.Packet) -> tuple[int, int]:
    """Where it lies in the file, and how many bytes it has."""
    assert packet.pos is not None
    return packet.pos, packet.size
