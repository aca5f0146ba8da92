import importlib.util
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import Colorspace
from PIL import Image, ImageFilter

from bot.media.child.faces import Face, FaceDetector, face_detector
from bot.media.child.stills import APART, Candidates, take_stills
from bot.media.file_types import picture_type
from bot.values.video import Still

Draw = Callable[[float], Image.Image]  # the picture at an instant
SIZE = (640, 360)


@pytest.fixture(scope="module")
def faces() -> FaceDetector:
    detector = face_detector()
    assert detector is not None, "its model is installed for the tests"
    return detector


@pytest.fixture(scope="module")
def astronaut() -> Image.Image:
    """A real face, 512 pixels wide and high; the face is 90 x 120 pixels of it."""
    spec = importlib.util.find_spec("skimage")
    assert spec is not None
    assert spec.origin is not None
    with Image.open(Path(spec.origin).parent / "data/astronaut.png") as picture:
        return picture.convert("RGB")


@pytest.fixture(scope="module")
def gravel() -> Image.Image:
    """Sharper than any face, and with none."""
    noise = np.random.default_rng(5).integers(60, 200, (SIZE[1] // 4, SIZE[0] // 4, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(SIZE, Image.Resampling.NEAREST)


def with_face(astronaut: Image.Image, *, scale: float = 0.7, at: tuple[int, int] = (150, 0)) -> Image.Image:
    """The astronaut in front of nothing."""
    picture = Image.new("RGB", SIZE, (90, 100, 110))
    side = round(512 * scale)
    picture.paste(astronaut.resize((side, side), Image.Resampling.LANCZOS), at)
    return picture


def blurred(picture: Image.Image, radius: float = 4) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(radius))


def frame(picture: Image.Image) -> av.VideoFrame:
    made = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
    return made.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)


def clip(draw: Draw, *, length: float = 3.0, fps: float = 10) -> Candidates:
    candidates = Candidates(length)
    for number in range(round(length * fps)):
        candidates.offer(frame(draw(number / fps)), number / fps)
    return candidates


def taken(candidates: Candidates, folder: Path, faces: FaceDetector | None) -> tuple[Still, list[Still]]:
    """The portrait and the others; what holds for all of them does."""
    portrait, *stills = take_stills(candidates, folder, faces=faces)
    assert portrait.name == "portrait.jpg"
    assert [still.name for still in stills] == [f"still-{number}.jpg" for number in range(1, len(stills) + 1)]
    assert sorted(file.name for file in folder.iterdir()) == sorted(still.name for still in (portrait, *stills))
    for still in (portrait, *stills):
        assert picture_type((folder / still.name).read_bytes()) == "image/jpeg"
        with Image.open(folder / still.name) as image:
            assert image.size == (still.width, still.height)
            assert not image.getexif()
    assert (portrait.instant, portrait.face) == (stills[0].instant, stills[0].face)
    assert portrait.width == portrait.height <= 768
    instants = sorted(still.instant for still in stills)
    assert all(later - earlier >= APART - 0.001 for earlier, later in pairwise(instants))
    return portrait, stills


def is_between(start: float, end: float) -> Callable[[float], bool]:
    return lambda instant: start <= instant < end


def test_up_to_five_of_a_clip_where_all_are_good(tmp_path: Path, astronaut: Image.Image, faces: FaceDetector) -> None:
    _, stills = taken(clip(lambda at: with_face(astronaut, at=(100 + round(20 * at), 0))), tmp_path, faces)
    assert len(stills) == 5
    assert all(still.face for still in stills)


@pytest.mark.parametrize("fps", [10, 24, 25, 30])
@pytest.mark.parametrize("best", [0.0, 0.2, 0.5, 0.7, 0.9])
def test_three_even_of_a_single_second(best: float, fps: float, tmp_path: Path, gravel: Image.Image) -> None:
    """Whichever is the best: it must not stand in the way of two others."""
    soft = blurred(gravel, 0.6)
    _, stills = taken(clip(lambda at: gravel if abs(at - best) < 0.05 else soft, length=1.0, fps=fps), tmp_path, None)
    assert len(stills) >= 3
    assert abs(stills[0].instant - best) < 0.11


def test_the_second_best_does_not_stand_in_the_way_of_a_third(tmp_path: Path, gravel: Image.Image) -> None:
    """Nothing is 0.3 s away from both, and within a second."""
    pictures = {0.2: gravel, 0.7: blurred(gravel, 0.5)}
    softer = blurred(gravel, 0.6)
    _, stills = taken(clip(lambda at: pictures.get(round(at, 1), softer), length=1.0), tmp_path, None)
    assert stills[0].instant == 0.2
    assert len(stills) == 3


@pytest.mark.parametrize("count", [1, 2])
def test_no_more_than_there_are(count: int, tmp_path: Path, gravel: Image.Image) -> None:
    _, stills = taken(clip(lambda _: gravel, length=1.0, fps=count), tmp_path, None)
    assert len(stills) == count


def test_a_sharp_face_comes_before_blurred_ones(tmp_path: Path, astronaut: Image.Image, faces: FaceDetector) -> None:
    sharp, soft = with_face(astronaut), blurred(with_face(astronaut), 3)
    is_sharp = is_between(1.2, 1.5)
    portrait, stills = taken(clip(lambda at: sharp if is_sharp(at) else soft), tmp_path, faces)
    assert is_sharp(portrait.instant)
    assert len(stills) == 3, "blurred ones are there only to make it three"
    assert not any(is_sharp(still.instant) for still in stills[1:])


def test_no_blurred_one_where_there_are_three_others(
    tmp_path: Path, astronaut: Image.Image, faces: FaceDetector
) -> None:
    sharp, soft = with_face(astronaut), blurred(with_face(astronaut), 3)
    _, stills = taken(clip(lambda at: sharp if at < 1.1 else soft), tmp_path, faces)
    assert len(stills) in (3, 4)
    assert all(still.instant < 1.1 for still in stills)


def test_it_is_the_face_that_must_be_sharp(
    tmp_path: Path, astronaut: Image.Image, gravel: Image.Image, faces: FaceDetector
) -> None:
    """A head in front of a wall: mostly the camera sees the wall sharply, once the head."""
    head = astronaut.crop((100, 0, 350, 300))
    wall = gravel.crop((0, 0, SIZE[0] // 5, SIZE[1] // 5)).resize(SIZE, Image.Resampling.NEAREST)
    soft_wall = blurred(wall, 30)
    is_head_sharp = is_between(0.6, 0.9)

    def draw(at: float) -> Image.Image:
        picture = (soft_wall if is_head_sharp(at) else wall).copy()
        picture.paste(head if is_head_sharp(at) else blurred(head, 1), (200, 30))
        return picture

    portrait, _ = taken(clip(draw), tmp_path, faces)
    assert portrait.face
    assert is_head_sharp(portrait.instant)


def test_a_face_comes_before_what_is_sharper(
    tmp_path: Path, astronaut: Image.Image, gravel: Image.Image, faces: FaceDetector
) -> None:
    has_face = is_between(2.1, 2.7)
    person = with_face(astronaut)
    portrait, stills = taken(clip(lambda at: person if has_face(at) else gravel), tmp_path, faces)
    assert portrait.face
    assert has_face(portrait.instant)
    assert [still.face for still in stills] == sorted([has_face(still.instant) for still in stills], reverse=True)


def test_a_near_face_comes_before_a_far_one(tmp_path: Path, astronaut: Image.Image, faces: FaceDetector) -> None:
    """Though it is a little less sharp."""
    near, far = blurred(with_face(astronaut, scale=1.0, at=(60, 0)), 0.5), with_face(astronaut, scale=0.7)
    portrait, _ = taken(clip(lambda at: near if is_between(1.8, 2.1)(at) else far), tmp_path, faces)
    assert 1.8 <= portrait.instant < 2.1


def test_of_several_faces_the_nearest_is_portrayed(tmp_path: Path, astronaut: Image.Image, faces: FaceDetector) -> None:
    both = with_face(astronaut, scale=0.7, at=(330, 0))
    both.paste(with_face(astronaut, scale=0.35).crop((150, 0, 329, 179)), (0, 0))
    assert len(faces(np.asarray(both))) == 2
    portrait, _ = taken(clip(lambda _: both, length=1.0, fps=3), tmp_path, faces)
    with Image.open(tmp_path / portrait.name) as image:
        (face,) = faces(np.asarray(image))
    assert face.height > 70


def test_a_far_face_is_portrayed_with_what_is_around_it(
    tmp_path: Path, astronaut: Image.Image, faces: FaceDetector
) -> None:
    far = with_face(astronaut, scale=0.25)
    portrait, _ = taken(clip(lambda _: far, length=1.0, fps=3), tmp_path, faces)
    assert portrait.face
    assert portrait.width == 160


@pytest.mark.parametrize(("side", "is_face"), [(0.0, False), (400.0, True)])
def test_a_face_may_have_no_size_or_reach_beyond_the_picture(
    side: float, is_face: bool, tmp_path: Path, gravel: Image.Image
) -> None:
    face = Face(160 - side / 2, 90 - side / 2, 160 + side / 2, 90 + side / 2, 0.9)
    portrait, *_ = take_stills(clip(lambda _: gravel, length=1.0), tmp_path, faces=lambda _: [face])
    assert portrait.face is is_face
    assert portrait.width == SIZE[1]


def test_a_dark_picture_comes_last(tmp_path: Path, gravel: Image.Image) -> None:
    dark = gravel.point(lambda value: value // 8)
    bright = is_between(0.3, 0.6)
    portrait, _ = taken(clip(lambda at: gravel if bright(at) else dark), tmp_path, None)
    assert bright(portrait.instant)


@pytest.mark.parametrize("picture", [Image.new("RGB", SIZE, (0, 0, 0)), Image.new("RGB", (2, 2), (99, 9, 9))])
def test_nothing_to_see_is_no_failure(picture: Image.Image, tmp_path: Path, faces: FaceDetector) -> None:
    portrait, stills = taken(clip(lambda _: picture), tmp_path, faces)
    assert not portrait.face
    assert len(stills) >= 3


def test_of_each_tenth_the_sharpest_is_kept(gravel: Image.Image) -> None:
    soft = blurred(gravel, 1)
    candidates = clip(lambda at: gravel if round(10 * at) % 3 == 1 else soft, length=3.0, fps=30)
    assert [round(candidate.instant, 1) for candidate in candidates.kept] == [
        pytest.approx(0.1 + 0.3 * part) for part in range(10)
    ]


def test_only_three_of_each_tenth_are_looked_at(gravel: Image.Image) -> None:
    soft = blurred(gravel, 1)
    candidates = clip(lambda at: gravel if round(100 * at) % 10 else soft, length=3.0, fps=100)
    assert [candidate.instant for candidate in candidates.kept] == [pytest.approx(0.3 * part) for part in range(10)]


@pytest.mark.parametrize(
    ("size", "becomes"), [((1920, 1080), (1280, 720)), ((1080, 1920), (720, 1280)), ((400, 300), (400, 300))]
)
def test_stills_show_the_whole_picture(size: tuple[int, int], becomes: tuple[int, int], tmp_path: Path) -> None:
    ramp = Image.linear_gradient("L").resize(size)
    red = Image.merge("RGB", (ramp, Image.new("L", size, 60), Image.new("L", size, 20)))
    portrait, stills = taken(clip(lambda _: red, length=1.0, fps=3), tmp_path, None)
    assert portrait.width == min(*size, 768)
    with Image.open(tmp_path / stills[0].name) as image:
        assert image.size == becomes
        got = [image.getpixel((becomes[0] // 2, y)) for y in (3, becomes[1] // 2, becomes[1] - 4)]
    assert np.array(got) == pytest.approx(np.array([(2, 60, 20), (127, 60, 20), (253, 60, 20)]), abs=9)


@pytest.mark.parametrize("at", [(-100, 0), (150, 0), (330, 0), (150, 170)], ids=["left", "middle", "right", "low"])
def test_the_portrait_is_of_the_face(
    at: tuple[int, int], tmp_path: Path, astronaut: Image.Image, faces: FaceDetector
) -> None:
    picture = with_face(astronaut, at=at)
    (wanted,) = faces(np.asarray(picture.reduce(2)))
    portrait, _ = taken(clip(lambda _: picture, length=1.0, fps=3), tmp_path, faces)
    with Image.open(tmp_path / portrait.name) as image:
        (face,) = faces(np.asarray(image))
    assert portrait.width == pytest.approx(2.6 * 2 * wanted.height, rel=0.1)
    assert face.height == pytest.approx(2 * wanted.height, rel=0.1), "nothing is enlarged"
    assert face.left > 0
    assert face.right < portrait.width
    if at == (150, 0):
        assert (face.left + face.right) / 2 == pytest.approx(portrait.width / 2, rel=0.1)
        assert (face.top + face.bottom) / 2 == pytest.approx(0.35 * portrait.width, rel=0.15)


@pytest.mark.parametrize(
    ("size", "seen"), [((600, 300), (150, 0)), ((300, 600), (0, 75)), ((300, 300), (0, 0))], ids=str
)
def test_without_a_face_the_portrait_keeps_where_heads_are(
    size: tuple[int, int], seen: tuple[int, int], tmp_path: Path
) -> None:
    across = np.linspace(0, 250, size[0])[np.newaxis].repeat(size[1], axis=0)
    down = np.linspace(0, 250, size[1])[:, np.newaxis].repeat(size[0], axis=1)
    place = Image.fromarray(np.stack([across, down, np.full_like(down, 80)], axis=2).astype(np.uint8))
    portrait, _ = taken(clip(lambda _: place, length=1.0, fps=3), tmp_path, None)
    assert portrait.width == 300
    with Image.open(tmp_path / portrait.name) as image:
        corner = image.getpixel((2, 2))
    assert isinstance(corner, tuple)
    assert corner[0] == pytest.approx(250 * seen[0] / size[0], abs=10)
    assert corner[1] == pytest.approx(250 * seen[1] / size[1], abs=10)
