from dataclasses import replace

import pytest

from bot.media.child.range_comparison import Measures, best_in
from bot.values.video import Best

USUAL = Measures(size=0.2, facing=0.5, speech=0.5, sharpness=0.6, speed=0.03, light=120.0, level=-25.0, length=2.0)


@pytest.mark.parametrize(
    ("changes", "best"),
    [
        ({"size": 0.3}, Best.LARGEST),
        ({"facing": 0.9}, Best.FACING),
        ({"speech": 0.8}, Best.SPEECH),
        ({"sharpness": 0.8}, Best.SHARPEST),
        ({"speed": 0.01}, Best.STEADIEST),
        ({"light": 160.0}, Best.BRIGHTEST),
        ({"level": -18.0}, Best.LOUDEST),
        ({"length": 2.5}, Best.LONGEST),
    ],
)
def test_what_is_clearly_better_is_said_of_that_one_alone(changes: dict[str, float], best: Best) -> None:
    assert best_in([USUAL, replace(USUAL, **changes), USUAL]) == [(), (best,), ()]


@pytest.mark.parametrize(
    "changes",
    [{"size": 0.21}, {"facing": 0.55}, {"speech": 0.55}, {"sharpness": 0.62}, {"speed": 0.028}, {"level": -23.0}],
)
def test_what_is_about_as_good_is_not_praised(changes: dict[str, float]) -> None:
    assert best_in([USUAL, replace(USUAL, **changes)]) == [(), ()]


def test_the_best_of_nothing_is_not_praised() -> None:
    nothing = Measures(size=0.0, facing=0.0, speech=0.0, sharpness=0.1, speed=0.9, light=5.0, level=-90.0, length=1.0)
    little = Measures(size=0.05, facing=0.3, speech=0.3, sharpness=0.3, speed=0.3, light=60.0, level=-50.0, length=1.0)
    assert best_in([little, nothing]) == [(), ()]


def test_a_single_one_has_nobody_to_be_compared_with() -> None:
    assert best_in([USUAL]) == [()]
    assert best_in([]) == []
