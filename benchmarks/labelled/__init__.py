"""Clips that are labelled with the seconds in which exactly one subject is clearly visible.

Half of the clips are for tuning the best seconds, the other half are held out to measure how good they are. Each clip
belongs to one half for good (:mod:`benchmarks.labelled.catalogue`).

How the labels were made. For rendered clips they follow from the construction: each scene knows how many subjects are
clearly visible at an instant (in a still, the faces of which nine tenths are in view; a walking figure, while its whole
head is in the picture; a second figure counts as soon as any part of it is visible). Blurred, dark and violently shaken
parts show nobody clearly. Real footage was labelled by hand, every third frame of it
(:mod:`benchmarks.labelled.real`). No interval crosses a cut.

A subject is anything that could become a character: a person, an animal, a cartoon.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.labelled.catalogue import COMPOSITIONS, Composition, Half, Kind
from benchmarks.labelled.real import RECORDINGS
from benchmarks.labelled.rendering import alone, cuts, render

__all__ = ["Half", "Kind", "LabelledClip", "clips"]


@dataclass(frozen=True, slots=True)
class LabelledClip:
    """A video file, the ``intervals`` (seconds) in which exactly one subject is clearly visible, and its cuts."""

    name: str
    half: Half
    kind: Kind
    path: Path
    intervals: tuple[tuple[float, float], ...]
    cuts: tuple[float, ...] = ()

    def holds_one(self, start: float, end: float) -> bool:
        """Whether nine tenths of these seconds are inside one of the intervals."""
        inside = max((min(end, last) - max(start, first) for first, last in self.intervals), default=0.0)
        return inside >= 0.9 * (end - start) - 1e-6


def clips(half: Half, *, folder: Path | None = None, names: Sequence[str] = ()) -> list[LabelledClip]:
    """The clips of one half (or those with these ``names``), rendered into ``folder`` unless they are there already.

    Without a ``folder`` they are kept among the temporary files until the code that renders them changes. Raises
    FileNotFoundError if requirements/clips.txt is not installed.
    """
    place = folder or _kept()
    place.mkdir(parents=True, exist_ok=True)
    wanted = [clip for clip in COMPOSITIONS if clip.half == half and (not names or clip.name in names)]
    with ThreadPoolExecutor(max_workers=2) as workers:  # Pillow and x264 release the interpreter's lock
        return list(workers.map(partial(_labelled, folder=place), wanted))


def _labelled(clip: Composition, *, folder: Path) -> LabelledClip:
    if clip.real_clip:
        recording = RECORDINGS[clip.real_clip]
        return LabelledClip(clip.name, clip.half, clip.kind, recording.path, recording.alone, recording.cuts)
    path = folder / f"{clip.name}.mp4"
    if not path.exists():
        unfinished = path.with_suffix(f".{os.getpid()}")
        render(unfinished, clip.shots, track=clip.track)
        unfinished.replace(path)
    return LabelledClip(clip.name, clip.half, clip.kind, path, alone(clip.shots), cuts(clip.shots))


def _kept() -> Path:
    """A folder of this user, named after a hash of the code that renders the clips."""
    here = Path(__file__).parent
    sources = [*sorted(here.glob("*.py")), *sorted((here.parent.parent / "playground").glob("*.py"))]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]
    return Path(tempfile.gettempdir(), f"castbook-labelled-{os.getuid()}-{digest}")
