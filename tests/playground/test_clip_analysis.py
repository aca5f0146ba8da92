import io
import struct
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from playground.provider.clip_analysis import Unusable, kind_of, portrait


def look(path, start, end):
    return Image.open(io.BytesIO(portrait(path, Decimal(start), Decimal(end)))).convert("RGB")


def colour(picture, box=None):
    return tuple(np.asarray(picture.crop(box) if box else picture).reshape(-1, 3).mean(axis=0).round())


@pytest.mark.parametrize(
    ("start", "end", "main"), [("0", "1.5", 0), ("2.1", "3.9", 1), ("4.5", "5.5", 2), ("5", "6", 2)]
)
def test_the_picture_comes_from_the_range(clips, start, end, main):
    picture = look(clips / "rgb.mp4", start, end)
    assert picture.size == (90, 90)
    shares = colour(picture)
    assert shares[main] > 150 > 90 > max(shares[:main] + shares[main + 1 :])


def test_the_sharpest_frame_of_the_range_is_taken(tmp_path, film):
    fine = np.kron(np.indices((15, 26)).sum(axis=0) % 2 * 255, np.ones((6, 6)))[:90, :156]
    boards = {
        range(13, 17): np.repeat(fine[:, :, None], 3, axis=2).astype(np.uint8),  # inside: sharp
        range(30, 40): np.repeat(np.kron(fine[:30, :52], np.ones((3, 3)))[:, :, None], 3, axis=2).astype(np.uint8),
    }
    plain = film.flat((128, 20, 20), (156, 90))
    path = film.write(
        tmp_path / "sharp.mp4",
        lambda t: next((board for at, board in boards.items() if round(t * 10) in at), plain),
        seconds=4,
    )
    assert np.asarray(look(path, "1", "2.5")).std() > 100
    assert np.asarray(look(path, "0", "1")).std() < 60


def test_large_pictures_become_512_pixels(tmp_path, film):
    path = film.write(tmp_path / "large.mp4", lambda _: film.flat((9, 99, 9), (1280, 720)), seconds=1.2, fps=5)
    assert look(path, "0", "1").size == (512, 512)


def test_of_a_tall_picture_the_part_above_the_middle(tmp_path, film):
    tall = film.flat((20, 20, 220), (90, 180))
    tall[:90] = (220, 20, 20)
    path = film.write(tmp_path / "tall.mp4", lambda _: tall, seconds=1.2)
    assert look(path, "0", "1").size == (90, 90)
    assert colour(look(path, "0", "1"))[0] > 150


def test_a_turned_video_is_shown_upright(tmp_path, film):
    picture = film.flat((20, 20, 220), (100, 100))
    picture[:50] = (220, 20, 20)
    path = film.write(tmp_path / "turned.mp4", lambda _: picture, seconds=1.2)
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 44  # the matrix in the track's header: a quarter turn clockwise
    data[at : at + 36] = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 100 << 16, 0, 1 << 30)
    path.write_bytes(data)
    left, right = colour(look(path, "0", "1"), (0, 0, 40, 100)), colour(look(path, "0", "1"), (60, 0, 100, 100))
    assert left[2] > 150 > right[2]
    assert right[0] > 150 > left[0]


def test_a_range_up_to_the_end_is_inside_and_beyond_is_not(clips):
    look(clips / "rgb.mp4", "4", "6")
    with pytest.raises(Unusable, match=r"the range ends at 6\.2 s but the video is only 6\.00 s long"):
        look(clips / "rgb.mp4", "4", "6.2")


@pytest.fixture(scope="module")
def webm(tmp_path_factory, film):
    return film.rgb(tmp_path_factory.mktemp("webm") / "whole.webm", codec="libvpx", container="webm")


def test_the_packets_are_believed_and_not_the_header(webm, tmp_path):
    look(webm, "4", "6")
    cut = tmp_path / "cut.webm"
    cut.write_bytes(webm.read_bytes()[: webm.stat().st_size // 2])
    look(cut, "0", "1")
    with pytest.raises(Unusable, match="only"):
        look(cut, "4", "6")


def test_a_picture_that_stays_for_long_counts_where_it_is_shown(tmp_path, film):
    """One picture every four seconds, none of which begins between 5 and 7."""
    colours = [(220, 20, 20), (20, 200, 20), (20, 20, 220)]
    path = film.write(tmp_path / "slides.mp4", lambda t: film.flat(colours[int(t / 4)]), seconds=12, fps=Fraction(1, 4))
    assert np.argmax(colour(look(path, "5", "7"))) == 1


def test_times_count_from_the_first_picture(tmp_path, film):
    """A file whose own clock starts late (as a cut-out part of a longer one)."""
    path = film.write(
        tmp_path / "late.webm",
        lambda t: film.flat((220, 20, 20) if t < 1 else (20, 20, 220)),
        seconds=2,
        codec="libvpx",
        container="webm",
        first=5,
    )
    assert colour(look(path, "0", "1"))[0] > 150
    assert colour(look(path, "1", "2"))[2] > 150


@pytest.fixture(scope="module")
def unusable(clips, webm, tmp_path_factory, film):
    """A folder of files, each with something else that is wrong."""
    folder = tmp_path_factory.mktemp("unusable")
    (folder / "silent.mp4").write_bytes((clips / "silent.mp4").read_bytes())
    (folder / "broken.mp4").write_bytes((clips / "rgb.mp4").read_bytes()[:200])
    (folder / "text.mp4").write_bytes(b"hello")
    (folder / "playlist.mp4").write_bytes(b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n")
    whole = webm.read_bytes()
    (folder / "header.webm").write_bytes(whole[: whole.index(b"\x1f\x43\xb6\x75")])  # up to the first cluster
    film.only_sound(folder / "sound.mp4")
    return folder


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("silent.mp4", "no audio track"),
        ("broken.mp4", "cannot be read"),
        ("text.mp4", "not an MP4, WebM or MOV"),
        ("playlist.mp4", "not an MP4, WebM or MOV"),
        ("sound.mp4", "no video track"),
        ("header.webm", "cannot be read"),
    ],
)
def test_what_no_character_can_be_made_of(unusable, name, why):
    with pytest.raises(Unusable, match=why):
        portrait(unusable / name, Decimal(0), Decimal(1))


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\0\0\0\x20ftypisom", "video/mp4"),
        (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
        (b"\0\0\0\x08wide", "video/quicktime"),
        (b"\x1a\x45\xdf\xa3....webm", "video/webm"),
        (b"\x1a\x45\xdf\xa3....matroska", None),
        (b"RIFF....AVI ", None),
        (b"", None),
    ],
)
def test_kinds_by_their_first_bytes(head, kind):
    assert kind_of(head) == kind
