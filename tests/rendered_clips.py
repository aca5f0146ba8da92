"""Clips as the playground draws them, each drawn once in a test run: drawing one takes longer than most tests."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

from playground import clip
from tests.remembered_looks import alone, looks_of_this_run


def render_clip(path: Path, **wanted: Any) -> None:
    """Write to ``path`` what :func:`playground.clip.render_clip` draws, maybe in another process of this run."""
    kept = looks_of_this_run() / f"clip-{hashlib.sha256(repr(sorted(wanted.items())).encode()).hexdigest()[:16]}"
    with alone(kept):
        if not kept.exists():
            with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
                clip.render_clip(Path(folder, "clip.mp4"), **wanted)
                Path(folder, "clip.mp4").replace(kept)
    shutil.copyfile(kept, path)
