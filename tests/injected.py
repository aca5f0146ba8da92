"""The faults that tests have injected, counted by kind as they happened: figures of ``make faults``."""

from __future__ import annotations

from collections import Counter

from playground.provider import SimulatedProvider

FIGURE = "fault injected: "

happened: Counter[str] = Counter()


def of_the_provider(provider: SimulatedProvider) -> None:
    """Count what has happened at that one; once, at its end."""
    for kind, number in provider.faults_happened.items():
        happened[f"provider: {kind}"] += number
