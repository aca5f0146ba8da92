"""Files as phones and cameras write them that no other test has: tracks of metadata, and pictures of 8K."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from bot.media.child.cutting import cut
from bot.media.child.opening import open_video
from bot.media.child.probing import probe
from bot.media.worker import MediaWorker
from tests.media.child.kinds import FPS, click
from tests.media.child.numbered import evenly, read_numbered, write_numbered
from tests.media.child.test_kinds import RANGE
from tests.media.child.tracks import add_pictures


def with_metadata(source: Path, into: Path) -> Path:
    """A copy with two tracks of metadata beside the others, tagged as in the .MOV of a Live Photo."""
    with av.open(str(source)) as plain, av.open(str(into), "w") as container:
        picture, sound = plain.streams.video[0], plain.streams.audio[0]
        tracks = [(each, container.add_stream_from_template(each)) for each in (picture, sound, sound, sound)]
        for each, track in tracks:
            plain.seek(0)
            for packet in plain.demux(each):
                if packet.dts is not None:
                    packet.stream = track
                    container.mux(packet)
    content = into.read_bytes()
    third = content.rindex(b"trak", 0, content.rindex(b"trak"))
    told = content[third:].replace(b"soun", b"meta").replace(b"mp4a", b"mebx")
    into.write_bytes(content[:third] + told)
    return into


def test_tracks_of_metadata_are_passed_over(tmp_path: Path) -> None:
    plain = write_numbered(tmp_path / "plain.mov", evenly(FPS, 4), sound=click(), sound_codec="aac")
    source = with_metadata(plain, tmp_path / "live.mov")
    with open_video(source) as video:
        assert [stream.type for stream in video.container.streams] == ["video", "audio", "data", "data"]
    assert probe(source).seconds == probe(plain).seconds
    made = cut(source, RANGE, tmp_path)
    assert read_numbered(tmp_path / made.name).numbers == list(range(FPS, 3 * FPS))


async def test_pictures_of_8k_that_stand_alone(tmp_path: Path) -> None:
    """Motion JPEG of a camera, within what a child may take; each picture is decoded whole."""
    source = tmp_path / "8k.mov"
    with av.open(str(source), "w") as container:
        stream = add_pictures(container, "mjpeg", 1)
        stream.width, stream.height, stream.pix_fmt = 7680, 4320, "yuvj420p"
        grey = np.full((4320 * 3 // 2, 7680), 128, np.uint8)
        for number in range(4):
            frame = av.VideoFrame.from_ndarray(grey, format="yuvj420p")
            frame.pts, frame.time_base = number, Fraction(1)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    facts = await MediaWorker().probe(source)
    assert (facts.width, facts.height) == (7680, 4320)
    made = await MediaWorker().cut(source, RANGE, tmp_path)
    assert (made.width, made.height) == (1920, 1080)
