"""The demo as it is run: its conversation, its files, its exit code."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import av
import pytest

from bot.values.time_range import TimeRange
from playground import demo
from playground.clip import render_clip

pytestmark = pytest.mark.usefixtures("restored_logs")


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it writes; everything in it is made smaller and quicker."""
    monkeypatch.setattr(demo, "OUT", tmp_path / "demo-out")
    monkeypatch.setattr(demo, "SECONDS_PER_TASK", 1.5)
    return tmp_path / "demo-out"


def in_order(words: str, *parts: str) -> bool:
    at = 0
    for part in parts:
        at = words.find(part, at)
        assert at >= 0, f"{part!r} is missing, or comes too early, in:\n{words}"
    return True


def test_it_shows_a_character_a_refusal_a_restart_and_a_cast_that_outlives_its_maker(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[Path] = []
    monkeypatch.setattr(demo, "render_clip", partial(small, calls))
    assert demo.main(None, None) == 0
    conversation = (out / "conversation.txt").read_text("utf-8")
    assert in_order(
        conversation,
        "simulated",
        "rendered just now by our own code",
        "mia: /character create video:clip.mp4 name:Rosie",
        "Before your first character",
        "mia presses [ Yes, I have permission ]",
        "Looking for the best seconds",
        "one face",
        "The expected cost is 60 credits.",
        "mia presses [ Use 1 ]",
        "** Rosie **",
        "Saved to @mia's cast",
        "60 credits expected",
        "[ Edit… ]  [ Delete ]",
        "taken so far: 1.",
        "before anything is sent",
        "Nothing was made",
        "no sound",
        "50%",
        "a new bot is built from the files",
        "** Ruby **",
        "taken so far: 2.",
        "/character list",
        "Sora closes",
        "Ruby has what an earlier version kept in spring",
        "Kept: the seconds you chose, stills.",
        "Missing: a longer clip, the voice.",
        "/video create prompt:@Rosie and @Ruby watch the sun go down",
        "Using wan2.6, the best model for this cast that works right now",
        "[file video-1.mp4",
        "60 credits expected",
        "Model: viduq3",
        "[file video-3.mp4",
        "Model: kling-v3-omni",
    )
    with av.open(str(out / "video.mp4")) as container:
        assert next(container.decode(video=0)).width > 0
    assert (out / "picture.jpg").read_bytes().startswith(b"\xff\xd8")
    assert (out / "filmstrip.png").read_bytes().startswith(b"\x89PNG")
    assert conversation.strip() in capsys.readouterr().out
    assert len(calls) == 2


def small(calls: list[Path], path: Path, *, sound: bool = True, **_: object) -> None:
    """A clip that takes little time to render, and whose stills are large enough for every model."""
    calls.append(path)
    render_clip(path, seconds=4, size=(640, 360), fps=8, sound=sound)


def test_it_takes_a_clip_of_ones_own(out: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.mp4"
    small([], own)
    played = demo._Demo(tmp_path, own, TimeRange.parse("0:01-0:02"))
    clip, silent = played._clips()
    assert clip == own
    assert silent.is_file()
    assert "your own file own.mp4" in played._transcript.lines[-1]


@pytest.mark.parametrize(
    ("video", "seconds", "says"),
    [(None, "1-9", "1 to 3 seconds"), (Path("nowhere.mp4"), "1,3", "There is no file nowhere.mp4")],
)
def test_bad_input_is_answered_before_anything_begins(
    out: Path, video: Path | None, seconds: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo.main(video, seconds) == 2
    assert says.split()[-1] in capsys.readouterr().out
    assert not out.exists()
