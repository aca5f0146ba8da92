"""What a submitted form of a video says."""

from __future__ import annotations

import pytest

from bot.chat.video_form import named_in


@pytest.mark.parametrize("typed", ["Ann, Bob ,Zoë", "Ann，Bob，Zoë", "Ann、Bob、Zoë", "Ann\nBob\n\nZoë,"])
def test_names_stand_between_the_commas_of_any_language(typed: str) -> None:
    assert named_in({"names": typed}) == ("Ann", "Bob", "Zoë")


def test_who_is_chosen_comes_before_who_is_typed() -> None:
    assert named_in({"cast": "7,12", "names": "Ann"}) == (7, 12, "Ann")
