import resource
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from bot import limits
from bot.media.child.frames import decoded
from bot.media.child.opening import Refused, is_memory_left, open_video
from bot.values.video import Unusable
from tests.media.child.numbered import Kind, evenly, write_numbered
from tests.media.child.odd_files import cut_off, forget_size, write, write_growing

QUICKLY = {"preset": "ultrafast"}
VP8: Kind = {"codec": "libvpx", "options": {"deadline": "realtime", "cpu-used": "8", "g": "10"}}


def text(path: Path) -> Path:
    path.write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n", encoding="ascii")
    return path


def without_its_end(path: Path) -> Path:
    """Its index stands at the end."""
    return cut_off(write(path.with_name("whole.mp4"), pictures=20), path, keep=0.3)


def without_a_size(path: Path) -> Path:
    return forget_size(write_numbered(path.with_name("whole.mp4"), evenly(10, 1)), path)


def only_a_beginning(path: Path) -> Path:
    path.write_bytes(b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + bytes(4000))
    return path


@pytest.mark.parametrize(
    ("name", "make", "why"),
    [
        ("playlist.mp4", text, Unusable.NOT_A_VIDEO),
        ("flash.flv", lambda path: write(path, pictures=3, codec="flv", sounds=1), Unusable.NOT_A_VIDEO),
        ("program.mpg", lambda path: write(path, pictures=3, codec="mpeg2video", size=(96, 80)), Unusable.NOT_A_VIDEO),
        ("sound.mp4", lambda path: write(path, sounds=1), Unusable.NO_PICTURES),
        ("song.mp4", lambda path: write(path, sounds=1, covers=1), Unusable.NO_PICTURES),
        ("archive.mkv", lambda path: write(path, pictures=3, codec="ffv1"), Unusable.UNSUPPORTED),
        ("beginning.mp4", only_a_beginning, Unusable.DAMAGED),
        ("half.mp4", without_its_end, Unusable.DAMAGED),
        ("shapeless.mp4", without_a_size, Unusable.DAMAGED),
        (
            "long.mp4",
            lambda path: write(
                path, pictures=1, codec="libx264", size=(limits.VIDEO_LONGEST_SIDE + 16, 16), options=QUICKLY
            ),
            Unusable.PICTURE_TOO_LARGE,
        ),
        (
            "large.mp4",
            lambda path: write(path, pictures=1, codec="libx264", size=(8192, 4112), options=QUICKLY),
            Unusable.PICTURE_TOO_LARGE,
        ),
        ("many.mp4", lambda path: write(path, pictures=1, sounds=limits.VIDEO_TRACKS), Unusable.TOO_MANY_TRACKS),
    ],
)
def test_what_cannot_be_used_is_refused(name: str, make: Callable[[Path], Path], why: Unusable, tmp_path: Path) -> None:
    path = make(tmp_path / name)

    with pytest.raises(Refused) as refused, open_video(path):
        pass

    assert refused.value.why is why
    assert str(tmp_path) not in f"{refused.value} {refused.value.detail}"


def test_as_many_tracks_as_are_allowed(tmp_path: Path) -> None:
    path = write(tmp_path / "many.mp4", pictures=1, sounds=limits.VIDEO_TRACKS - 1)

    with open_video(path) as video:
        assert len(video.container.streams) == limits.VIDEO_TRACKS


@pytest.mark.parametrize(
    ("name", "options", "mime"),
    [("a.mp4", {}, "video/mp4"), ("a.mov", {}, "video/quicktime"), ("a.webm", VP8, "video/webm")],
)
def test_the_bytes_say_what_it_is_and_not_the_name(name: str, options: Kind, mime: str, tmp_path: Path) -> None:
    path = write_numbered(tmp_path / name, evenly(10, 1), **options).rename(tmp_path / "video")

    with open_video(path) as video:
        assert video.mime == mime
        assert video.picture.codec_context.width == 64
        assert video.sound is None


def test_a_cover_is_no_video(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", pictures=3, covers=1, sounds=1)

    with av.open(str(path)) as container:
        assert len(container.streams.video) == 2
    with open_video(path) as video:
        assert video.picture.codec_context.name == "mpeg4"
        assert video.sound is not None


def test_sound_that_is_not_decoded_counts_as_none(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mov", pictures=3, sounds=1, sound_codec="pcm_alaw")

    with av.open(str(path)) as container:
        assert container.streams.audio[0].codec_context.name == "pcm_alaw"
    with open_video(path) as video:
        assert video.sound is None


@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
@pytest.mark.parametrize("first", [0, 5])
def test_the_clock_begins_at_0_and_the_picture_when_it_does(name: str, first: int, tmp_path: Path) -> None:
    instants = [instant + first for instant in evenly(10, 1)]
    options: Kind = VP8 if name.endswith("webm") else {}
    path = write_numbered(tmp_path / name, instants, **options)

    with open_video(path) as video:
        assert video.start == 0
        assert video.begins == pytest.approx(first, abs=0.001)


def test_a_picture_that_grows_on_the_way_stays_undecoded(tmp_path: Path) -> None:
    path = write_growing(tmp_path / "a.mp4", large=(8192, 4112))

    with open_video(path) as video:
        sizes = {(frame.width, frame.height) for frame in decoded(video, video.picture)}

    assert sizes == {(64, 48)}


def test_as_many_threads_as_are_asked_for(clip: Path) -> None:
    for threads in (1, 2):
        with open_video(clip, threads=threads) as video:
            assert next(decoded(video, video.picture)) is not None
            assert video.picture.codec_context.thread_count == threads


def test_to_see_whether_memory_is_left_takes_none() -> None:
    """Every refused file is asked about: 128 MB that became resident would take a tenth of a second of each."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt

    assert is_memory_left()

    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 1_000  # pages; all of it would be 32,768


def test_a_refusal_says_why() -> None:
    assert str(Refused(Unusable.DAMAGED, "no picture size")) == "damaged: no picture size"
    assert str(Refused(Unusable.NOT_A_VIDEO)) == "not_a_video"
