from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, ImageFilter

from bot.media.child.faces import Face
from bot.media.child.frames import Rgb
from bot.media.child.samples import PictureAnalyzer, Sample, sharpness
from tests.media.child.generated_clips import astronaut, clip_of, nobody


def grey(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("L"), np.float32)


def photo(name: str) -> Image.Image:
    with Image.open(clip_of("skimage", f"data/{name}")) as image:
        return image.convert("RGB").resize((1280, 720), Image.Resampling.LANCZOS, box=(0, 0, 400, 225))


def looked(picture: Image.Image, *faces: Face, at: float = 0.0) -> Sample:
    return PictureAnalyzer(lambda _: faces).look(at, np.asarray(picture), grey(picture))


class Count:
    """Finds `faces`, and counts how often it was asked."""

    def __init__(self, *faces: Face) -> None:
        self.faces = faces
        self.origin = 0

    def __call__(self, _: Rgb) -> Sequence[Face]:
        self.origin += 1
        return self.faces


@pytest.mark.parametrize("name", ["astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png"])
def test_whatever_is_shown_focus_decides(name: str) -> None:
    found = [
        sharpness(grey(photo(name).filter(ImageFilter.GaussianBlur(radius)).resize((640, 360), Image.Resampling.BOX)))
        for radius in (0, 2, 4, 8)
    ]
    assert found == sorted(found, reverse=True)
    assert found[0] > 0.6
    assert found[2] < 0.37
    assert found[3] < 0.30


@pytest.mark.parametrize("name", ["astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png"])
def test_grain_does_not_make_it_sharp(name: str) -> None:
    grain = np.random.default_rng(7).normal(0, 1.7, (360, 640)).astype(np.float32)  # of 5 in a picture of 1080 lines
    soft = photo(name).filter(ImageFilter.GaussianBlur(6)).resize((640, 360), Image.Resampling.BOX)
    assert sharpness(grey(soft) + grain) < 0.33
    assert sharpness(grey(photo(name).resize((640, 360), Image.Resampling.BOX)) + grain) > 0.6


def test_a_sharp_quarter_is_enough() -> None:
    picture = photo("astronaut.png").resize((640, 360))
    soft = picture.filter(ImageFilter.GaussianBlur(6))
    soft.paste(picture.crop((200, 0, 520, 360)), (200, 0))
    assert sharpness(grey(soft)) > 0.5


def test_a_blank_picture_has_no_edge() -> None:
    assert sharpness(np.full((360, 640), 90, np.float32)) == 0.0


def test_a_face_out_of_focus_is_not_saved_by_what_is_behind_it() -> None:
    picture = astronaut()
    soft = picture.copy()
    soft.paste(picture.filter(ImageFilter.GaussianBlur(5)).crop((160, 40, 300, 200)), (160, 40))
    face = Face(178, 62, 272, 182, 0.9)
    assert looked(picture, face).sharpness > 0.6
    assert looked(soft, face).sharpness < 0.35
    assert looked(soft).sharpness > 0.5


def test_the_light_is_that_of_the_face() -> None:
    picture = Image.new("RGB", (320, 180), (20, 20, 20))
    picture.paste((200, 200, 200), (100, 40, 160, 120))
    assert looked(picture, Face(100, 40, 160, 120, 0.9)).light == pytest.approx(200, abs=3)
    assert looked(picture).light == pytest.approx(20 + 180 * 60 * 80 / (320 * 180), abs=3)


def test_the_largest_face_is_the_subject_in_shares_of_the_picture() -> None:
    picture = nobody(0.1)[0]
    sample = looked(picture, Face(10, 10, 30, 40, 0.95), Face(160, 45, 240, 135, 0.6), at=2.5)
    assert sample.instant == 2.5
    assert sample.face == Face(0.5, 0.25, 0.75, 0.75, 0.6)


@pytest.mark.parametrize(("height", "subjects"), [(25, 1), (29, 2), (80, 2)])
def test_who_is_much_smaller_is_in_the_crowd(height: float, subjects: int) -> None:
    sample = looked(nobody(0.1)[0], Face(160, 45, 220, 125, 0.9), Face(10, 10, 30, 10 + height, 0.9))
    assert sample.subjects == subjects


def test_without_a_detector_nobody_is_found() -> None:
    analyzer = PictureAnalyzer(None)
    sample = analyzer.look(0.0, np.asarray(nobody(0.1)[0]), grey(nobody(0.1)[0]))
    assert (analyzer.finds_faces, sample.subjects, sample.face) == (False, 0, None)


def test_a_picture_that_has_not_changed_is_not_searched_again() -> None:
    finder = Count(Face(10, 10, 90, 100, 0.9))
    analyzer = PictureAnalyzer(finder)
    picture = nobody(0.1)[0]
    samples = [analyzer.look(at, np.asarray(picture), grey(picture)) for at in range(5)]
    assert finder.origin == 1
    assert {sample.subjects for sample in samples} == {1}


def test_a_blank_one_is_not_searched_at_all() -> None:
    finder = Count(Face(10, 10, 90, 100, 0.9))
    blank = np.full((180, 320, 3), 17, np.uint8)
    assert PictureAnalyzer(finder).look(0.0, blank, np.full((180, 320), 17, np.float32)).subjects == 0
    assert finder.origin == 0


def test_where_little_changes_every_second_one_is_searched() -> None:
    finder = Count(Face(10, 10, 90, 100, 0.9))
    analyzer = PictureAnalyzer(finder)
    base = np.asarray(nobody(0.1)[0]).astype(np.int16)
    for at in range(12):
        picture = np.clip(base + 2 * at, 0, 255).astype(np.uint8)
        analyzer.look(at, picture, picture[..., 0].astype(np.float32))
    assert finder.origin == 7  # the first two, which agree, and then every other


def test_where_much_changes_each_is_searched() -> None:
    finder = Count(Face(10, 10, 90, 100, 0.9))
    analyzer = PictureAnalyzer(finder)
    base = np.asarray(nobody(0.1)[0]).astype(np.int16)
    for at in range(12):
        picture = np.clip(base + 30 * (at % 2), 0, 255).astype(np.uint8)
        analyzer.look(at, picture, picture[..., 0].astype(np.float32))
    assert finder.origin == 12


@pytest.mark.parametrize("size", [(2, 2), (8, 6), (16, 200), (33, 17)])
def test_tiny_pictures_are_no_trouble(size: tuple[int, int]) -> None:
    picture = astronaut().resize(size)
    sample = looked(picture, Face(0, 0, *size, 0.9))
    assert np.isfinite([sample.sharpness, sample.light, sample.contrast]).all()
