"""The arithmetic of the measurements, and the table in which they are printed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

HEADER = ("Figure", "Castbook", "Compared with", "Ratio", "Target", "Met")


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that at least ``percent`` % of them do not exceed (nearest rank). Raises on no samples."""
    if not samples:
        raise ValueError("no samples")
    rank = math.ceil(percent / 100 * len(samples))
    return sorted(samples)[max(rank, 1) - 1]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. ``met`` is ``None`` if there is no target; ``factor`` is measured / compared."""

    name: str
    measured: str
    compared: str = ""
    factor: float | None = None
    target: str = ""
    met: bool | None = None

    def cells(self) -> tuple[str, ...]:
        """The cells of its columns."""
        ratio = "" if self.factor is None else f"{self.factor:.2f}x"
        met = "" if self.met is None else "yes" if self.met else "NO"
        return self.name, self.measured, self.compared, ratio, self.target, met


def against(name: str, ours: float, theirs: float, unit: str, *, most: float | None = None) -> Figure:
    """Ours beside theirs; ``most`` is the target for the ratio."""
    factor = ours / theirs
    target = "" if most is None else f"at most {most:g}x"
    met = None if most is None else factor <= most
    return Figure(name, f"{ours:.1f} {unit}", f"{theirs:.1f} {unit}", factor, target, met)


def below(name: str, value: float, limit: float, unit: str, *, compared: str = "") -> Figure:
    """A value with a target of its own."""
    return Figure(name, f"{value:.2f} {unit}", compared, None, f"at most {limit:g} {unit}", value <= limit)


def table(figures: Sequence[Figure]) -> str:
    """All of them as a Markdown table with aligned columns."""
    rows = [HEADER, *(figure.cells() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])
