"""Clips of our own for everything that looks into videos: rendered once, never changed."""

from pathlib import Path

import pytest

from tests.rendered_clips import render_clip


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where they lie."""
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="session")
def clip(clips: Path) -> Path:
    """4 s, 24 pictures a second, 320x180, H.264 with a key frame each second: somebody who talks (AAC)."""
    path = clips / "clip.mp4"
    render_clip(path, seconds=4, size=(320, 180))
    return path


@pytest.fixture(scope="session")
def silent(clips: Path) -> Path:
    """The same without a sound track."""
    path = clips / "silent.mp4"
    render_clip(path, seconds=4, size=(320, 180), sound=False)
    return path
