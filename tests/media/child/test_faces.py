import importlib.util

import numpy as np
import pytest
from PIL import Image

from bot.media.child.faces import SURE, Face, FaceDetector, face_detector
from playground.clip import still
from tests.media.child.generated_clips import astronaut, blurred, face, nobody, two


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    detector = face_detector()
    assert detector is not None
    return detector


def test_the_face_of_the_still_is_found_where_it_is(detector: FaceDetector) -> None:
    (found,) = detector(np.asarray(astronaut()))
    assert found.confidence > 0.8
    # Marked by hand, from hairline to chin and from ear to ear.
    assert found.overlap(Face(178, 62, 272, 182, 1.0)) > 0.7


@pytest.mark.parametrize("size", [(512, 512), (320, 320), (200, 120), (120, 200), (101, 99)])
def test_it_is_found_in_any_size_and_never_outside_the_picture(detector: FaceDetector, size: tuple[int, int]) -> None:
    width, height = size
    (found,) = detector(np.asarray(astronaut().resize(size)))
    expected = Face(178, 62, 272, 182, 1.0).scaled(width / 512, height / 512)
    assert found.overlap(expected) > 0.4
    assert 0 <= found.left < found.right <= width
    assert 0 <= found.top < found.bottom <= height


def test_a_face_at_the_edge_ends_with_the_picture(detector: FaceDetector) -> None:
    (found,) = detector(np.asarray(face(width=200)))  # of which the chin is missing
    assert found.bottom == 180.0


def test_two_faces_are_two_and_each_only_once(detector: FaceDetector) -> None:
    one, other = detector(np.asarray(two(0.1)[0]))
    assert one.confidence >= other.confidence >= SURE
    assert one.overlap(other) == 0.0
    assert abs(one.left - other.left) == pytest.approx(160, abs=3)


@pytest.mark.parametrize("instant", [0.5, 1.0, 2.5, 4.0])
def test_a_drawn_face_is_found_as_well_though_less_surely(detector: FaceDetector, instant: float) -> None:
    (found,) = detector(np.asarray(still(instant, (320, 180))))
    assert found.overlap(Face(105, 50, 205, 130, 1.0)) > 0.4
    assert found.confidence < 0.8


def test_nobody_is_found_where_nobody_is(detector: FaceDetector) -> None:
    for picture in (*nobody(0.25), Image.new("RGB", (320, 180), "grey"), *blurred(nobody(0.1))):
        assert detector(np.asarray(picture)) == []
    noise = np.random.default_rng(5).integers(0, 255, (180, 320, 3), dtype=np.uint8)
    assert detector(noise) == []


def test_boxes() -> None:
    box = Face(10, 20, 40, 60, 0.9)
    assert (box.width, box.height, box.area) == (30, 40, 1200)
    assert box.overlap(box) == 1.0
    assert box.overlap(Face(40, 20, 70, 60, 0.9)) == 0.0
    assert box.overlap(Face(25, 20, 55, 60, 0.9)) == pytest.approx(1 / 3)
    assert box.scaled(2, 0.5) == Face(20, 10, 80, 30, 0.9)


def test_without_the_model_there_is_no_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert face_detector() is None
