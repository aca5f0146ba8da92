from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.media.child.best_seconds import best_seconds
from bot.media.child.shots import Thumbnail
from bot.media.child.title_cards import are_black, are_cards
from bot.values.video import Best, NothingToSuggest, Reason
from tests.media.child.generated_clips import Shot, hiss, nobody, talking, voice, write
from tests.media.child.title_cards import barred, black, logo, names, title

Pictures = list[Image.Image]


def thumbnails(pictures: Pictures) -> list[Thumbnail]:
    """As a scan makes them."""
    small = (picture.convert("L").resize((64, 64 * picture.height // picture.width)) for picture in pictures)
    return [np.asarray(each, np.float32) for each in small]


CARDS: dict[str, Callable[[], Pictures]] = {
    "black": lambda: black(2),
    "title": lambda: title(2),
    "blue title": lambda: title(2, (20, 60, 160)),
    "white": lambda: [Image.new("RGB", (320, 180), "white")] * 12,
    "logo": lambda: logo(2),
    "logo on black": lambda: logo(2, (0, 0, 0)),
    "credits": lambda: names(2),
}
SCENES: dict[str, Callable[[], Pictures]] = {
    "hills": lambda: nobody(1),
    "face": lambda: talking(1),
    "letterbox": lambda: barred(talking(1), down=40),
    "pillarbox": lambda: barred(talking(1, (96, 170), left=120, width=240), across=112),
}


@pytest.mark.parametrize("name", CARDS)
def test_a_card_is_told_from_what_a_camera_sees(name: str) -> None:
    assert all(are_cards(thumbnails(CARDS[name]())))


@pytest.mark.parametrize("name", SCENES)
def test_bars_beside_a_picture_make_no_card_of_it(name: str) -> None:
    assert not any(are_cards(thumbnails(SCENES[name]())))


def test_only_black_is_black() -> None:
    assert all(are_black(thumbnails(black(1))))
    assert not any(are_black(thumbnails(title(2)[6:12])))


@pytest.mark.parametrize(("name", "why"), [*((name, "card") for name in CARDS if name != "black"), ("black", "black")])
def test_there_is_nothing_to_suggest_and_it_is_known_why(name: str, why: str, tmp_path: Path) -> None:
    pictures = CARDS[name]()
    best = best_seconds(write(tmp_path / "a.mp4", Shot(pictures, hiss(len(pictures) / 12))))
    assert best.suggestions == ()
    assert best.nothing is NothingToSuggest(why)


def test_titles_and_black_around_a_scene_are_left_out(tmp_path: Path) -> None:
    shots = (Shot(black(3), hiss(3)), Shot(title(3), hiss(3)), Shot(talking(4), voice(4)), Shot(logo(4), hiss(4)))
    best = best_seconds(write(tmp_path / "a.mp4", *shots, options={"g": "12"}))
    assert best.suggestions
    assert best.nothing is None
    assert all(6 <= each.range.start < each.range.end <= 10 for each in best.suggestions)


def test_a_face_between_bars_is_still_suggested(tmp_path: Path) -> None:
    best = best_seconds(write(tmp_path / "a.mp4", Shot(SCENES["pillarbox"]() * 3, voice(3))))
    assert best.suggestions
    assert Reason.ONE_FACE in best.suggestions[0].reasons


def test_each_is_praised_for_what_it_alone_is(tmp_path: Path) -> None:
    shots = (
        Shot(talking(1.5, left=0, top=0, width=480), voice(1.5)),
        Shot(talking(1.5, left=60, top=0, width=240), hiss(1.5) / 4),
    )
    best = best_seconds(write(tmp_path / "a.mp4", *shots, options={"g": "12"}))
    far = next(each for each in best.suggestions if each.range.start < 1)
    near = next(each for each in best.suggestions if each.range.start >= 1)
    assert Best.SPEECH in far.best
    assert Best.LARGEST in near.best
    assert Best.LARGEST not in far.best
    assert Best.SPEECH not in near.best
