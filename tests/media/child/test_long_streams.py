"""Streams of three hours: a few pictures, each shown again and again, so that they are made in no time."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from bot.media.child import probing
from bot.media.child.best_seconds import best_seconds, examine
from bot.media.child.cutting import cut
from bot.media.child.frames import packets
from bot.media.child.probing import probe
from bot.media.child.remote_section import RemoteFile, take_section
from bot.values.time_range import TimeRange
from tests.media.child.numbered import RATE, evenly, read_numbered, write_numbered
from tests.media.child.test_remote_section import Server

FPS, SHORT, HOURS = 4, 16, 3
SECONDS = HOURS * 3600


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its picture n is that of n modulo 64; its index comes first."""
    folder = tmp_path_factory.mktemp("stream")
    sound = np.zeros(SHORT * RATE)
    once = write_numbered(
        folder / "once.mp4",
        evenly(FPS, SHORT),
        ends=Fraction(SHORT),
        sound=sound,
        sound_codec="aac",
        options={"g": "8", "bf": "0"},
    )
    return repeated(once, folder / "stream.mp4", SECONDS // SHORT)


def repeated(once: Path, into: Path, times: int) -> Path:
    with (
        av.open(str(once)) as container,
        av.open(str(into), "w", options={"movflags": "+faststart"}) as output,
    ):
        tracks: list[Any] = [container.streams.video[0], container.streams.audio[0]]
        copies = [output.add_stream_from_template(track) for track in tracks]
        kept = []
        for track in tracks:
            container.seek(0)
            found = [packet for packet in container.demux(track) if packet.size]
            kept.append([(bytes(each), each.pts, each.duration, each.is_keyframe) for each in found])
        kept[1] = kept[1][:: RATE // 1024]  # a frame of sound a second is enough
        for number in range(times):
            for track, copy, those in zip(tracks, copies, kept, strict=True):
                for data, pts, duration, key in those:
                    packet = av.Packet(data)
                    packet.stream, packet.time_base = copy, track.time_base
                    packet.pts = packet.dts = max(0, pts or 0) + round(number * SHORT / track.time_base)
                    packet.duration, packet.is_keyframe = duration, key
                    output.mux(packet)
    return into


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many packets each reading takes."""
    counts: list[int] = []

    def reading(*streams: Any) -> Iterator[Any]:
        counts.append(0)
        for packet in packets(*streams):
            counts[-1] += 1
            yield packet

    monkeypatch.setattr(probing, "packets", reading)
    return counts


def test_only_the_ends_of_three_hours_are_read_and_the_facts_are_those_of_all(
    stream: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = counted(monkeypatch)
    facts = probe(stream)
    assert facts.seconds == pytest.approx(SECONDS, abs=0.01)
    assert (facts.frame_rate, facts.begins, facts.cut_off) == (FPS, 0, False)
    assert sum(counts) < 500
    monkeypatch.setattr(probing, "_MANY", 10**9)
    assert probe(stream) == facts
    assert counts[-1] > FPS * SECONDS


def test_seconds_of_the_third_hour_are_cut_to_the_picture(stream: Path, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    made = cut(stream, TimeRange.parse("2:59:50-2:59:52"), folder)
    first = (SECONDS - 10) * FPS % (SHORT * FPS)
    assert read_numbered(folder / made.name).numbers == list(range(first, first + 2 * FPS))


def test_a_stream_that_is_still_being_uploaded_is_taken_as_far_as_it_is_there(stream: Path, tmp_path: Path) -> None:
    """Its index is there and names pictures that are not."""
    part = tmp_path / "part.mp4"
    part.write_bytes(stream.read_bytes()[: stream.stat().st_size * 4 // 5])
    facts = probe(part)
    assert facts.cut_off
    assert SECONDS / 3 < facts.seconds < SECONDS * 0.85


def test_a_section_of_the_third_hour_is_looked_at_like_any_video(stream: Path, tmp_path: Path) -> None:
    """Its first picture comes after hours: what is looked at begins there."""
    section = tmp_path / "section.mp4"
    take_section([RemoteFile(Server(stream), tmp_path / "spool")], section, (9000.0, 9012.0))
    assert 8998 <= probe(section).begins <= 9000
    best = best_seconds(section)
    assert best.suggestions or best.nothing
    assert all(9000 - 2 <= each.range.start <= 9012 for each in best.suggestions)
    assert examine(section, TimeRange.parse("2:30:02-2:30:04")).concerns
