"""Videos that are made smaller, and the picture that stands for one."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from bot.media.child.opening import Refused
from bot.media.child.poster import poster
from bot.media.child.shrinking import fit
from bot.values.video import Unusable
from tests.media.child.generated_clips import FPS, Shot, nobody, talking, voice, write


def noisy(seconds: float, size: tuple[int, int]) -> list[Image.Image]:
    """Hills with grain, which no encoder can leave out without a loss."""
    grain = np.random.default_rng(5)
    return [
        Image.fromarray((np.asarray(picture) * grain.uniform(0.6, 1.0, (*size[::-1], 1))).astype(np.uint8))
        for picture in nobody(seconds, size)
    ]


def told(path: Path) -> tuple[list[float], tuple[int, int], float]:
    """When each picture is shown, their size, and for how many seconds there is sound."""
    with av.open(str(path)) as container:
        frames = list(container.decode(container.streams.video[0]))
    with av.open(str(path)) as container:
        heard = sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
    return [float(frame.time or 0) for frame in frames], (frames[0].width, frames[0].height), heard


@pytest.mark.parametrize(
    ("seconds", "most_bytes", "expected"),
    [(2, 200_000, (640, 360)), (4, 90_000, (426, 240))],
    ids=["as it was", "few bits are better spent on fewer pixels"],
)
def test_it_is_no_larger_than_asked_for_and_hardly_smaller(
    tmp_path: Path, seconds: int, most_bytes: int, expected: tuple[int, int]
) -> None:
    source = write(tmp_path / "source.mp4", Shot(noisy(seconds, (640, 360)), voice(seconds)), options={"crf": "12"})
    assert source.stat().st_size > 2 * most_bytes
    fitted = fit(source, most_bytes, tmp_path)
    assert 0.8 * most_bytes < (tmp_path / fitted.name).stat().st_size <= most_bytes
    instants, size, heard = told(tmp_path / fitted.name)
    assert instants == pytest.approx(told(source)[0], abs=0.002)
    assert heard == pytest.approx(seconds, abs=0.1)
    assert size == (fitted.width, fitted.height) == expected


def test_what_is_shown_standing_stays_so(tmp_path: Path) -> None:
    source = write(tmp_path / "source.mp4", Shot(talking(2, (640, 360)), voice(2)), turned=90)
    assert (fit(source, 45_000, tmp_path).width, fit(source, 300_000, tmp_path).height) == (240, 640)


def test_it_is_refused_where_nothing_worth_looking_at_would_be_left(tmp_path: Path) -> None:
    source = write(tmp_path / "source.mp4", Shot(noisy(2, (320, 180)), voice(2)))
    with pytest.raises(Refused) as refused:
        fit(source, 20_000, tmp_path)
    assert refused.value.why is Unusable.CANNOT_BE_SMALLER
    assert [path.name for path in tmp_path.iterdir()] == ["source.mp4"]


def test_a_poster_is_no_black_picture(tmp_path: Path) -> None:
    black = [Image.new("RGB", (960, 540))] * (2 * FPS)
    source = write(tmp_path / "source.mp4", [*black, *nobody(3, (960, 540))])
    picture = poster(source, tmp_path)
    assert (picture.width, picture.height) == (640, 360)
    with Image.open(tmp_path / picture.name) as made:
        assert max(high for _, high in made.convert("RGB").getextrema()) > 60  # type: ignore[misc]  # pairs, for RGB


def test_a_black_video_has_a_poster_all_the_same(tmp_path: Path) -> None:
    source = write(tmp_path / "source.mp4", [Image.new("RGB", (320, 180))] * FPS)
    assert poster(source, tmp_path).name == "poster.jpg"
