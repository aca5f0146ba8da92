"""Every kind of video that people have, cut to the exact picture and sound."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bot.media.child.cutting import cut
from bot.media.child.filmstrip import filmstrip
from bot.media.child.probing import probe
from bot.values.time_range import TimeRange
from tests.media.child.kinds import CLICK, FPS, KINDS, SECONDS, Kind
from tests.media.child.numbered import RATE, evenly, read_numbered, write_numbered

RANGE = TimeRange(Decimal(1), Decimal(3))


@pytest.mark.parametrize("kind", KINDS, ids=[kind.what for kind in KINDS])
def test_it_is_cut_exactly(kind: Kind, tmp_path: Path) -> None:
    source, folder = kind.write(tmp_path), tmp_path / "made"
    folder.mkdir()
    facts = probe(source)
    made = cut(source, RANGE, folder)
    seen = read_numbered(folder / made.name)
    assert facts.seconds - facts.begins == pytest.approx(SECONDS, abs=1.1 / FPS)
    # The picture that is on screen at 1 s, then each after it.
    first = int((float(RANGE.start) - facts.begins) * FPS + 0.01) - kind.late
    assert seen.numbers == list(range(first, first + len(seen.numbers)))
    assert len(seen.numbers) in {2 * FPS, 2 * FPS + 1}
    assert seen.sound is not None
    heard = float(np.abs(seen.sound[0]).argmax() / RATE)
    # Beside the picture of that moment, wherever the file's own clock begins.
    assert heard == pytest.approx(CLICK + facts.begins - float(RANGE.start), abs=1.1 / FPS)
    strip = filmstrip(source, tmp_path / "strip.jpg", marks=[RANGE])
    assert strip.instants[-1] > SECONDS - 1


def test_a_screen_that_is_recorded_once_a_second(tmp_path: Path) -> None:
    """The picture that is on screen when the range begins stays until the next one."""
    source = write_numbered(
        tmp_path / "a.mp4", evenly(1, 6), ends=Fraction(6), sound=np.zeros(6 * RATE), sound_codec="aac"
    )
    folder = tmp_path / "made"
    folder.mkdir()
    made = cut(source, TimeRange(Decimal("1.5"), Decimal("4.5")), folder)
    seen = read_numbered(folder / made.name)
    assert seen.numbers == [1, 2, 3, 4]
    assert seen.instants == pytest.approx([0, 0.5, 1.5, 2.5], abs=0.001)
    assert seen.ends == pytest.approx(3, abs=0.001)
    strip = filmstrip(source, tmp_path / "strip.jpg", marks=[])
    assert strip.instants[-1] == 5.5
