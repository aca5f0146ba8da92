"""Measures perceived loudness (EBU R 128), and raises sound to the usual loudness of voices."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import av
import numpy as np
from av.filter import Graph

from bot.media.child.soundtrack import LAYOUT, RATE, SAMPLE_FORMAT, Samples

TARGET: Final = -16.0  # LUFS: recommended by podcasts and video sites
_MOST_GAIN: Final = 36.0  # dB: beyond it there would be more noise than voice
_CEILING: Final = 0.84  # of full scale, -1.5 dB: encoders overshoot a little
_NOTHING: Final = -70.0  # LUFS, below which R 128 measures nothing
_ROUNDS: Final = 3  # passes: what the limiter takes away is added again


def loudness(samples: Samples) -> float:
    """Integrated loudness in LUFS; -70 for silence, and for less than 0.4 s."""
    measured = _filtered(samples, ("ebur128", "metadata=1"))
    said = [float(each) for frame in measured if (each := frame.metadata.get("lavfi.r128.I")) is not None]
    return max(_NOTHING, said[-1]) if said else _NOTHING  # a shorter last frame yields nothing


def louder(samples: Samples) -> Samples:
    """The samples at :data:`TARGET`, with peaks limited below full scale; nothing gets quieter, and silence stays."""
    made = samples
    gain = 0.0
    for _ in range(_ROUNDS):
        found = loudness(made)
        missing = TARGET - found
        if found <= _NOTHING or missing < 0.5 or gain >= _MOST_GAIN:
            break
        gain = min(gain + missing, _MOST_GAIN)
        limiter = f"limit={_CEILING}:level=disabled:attack=2:release=50:latency=1"
        frames = _filtered(samples, ("volume", f"volume={gain:.2f}dB"), ("alimiter", limiter))
        parts = [frame.to_ndarray() for frame in frames]
        made = np.concatenate(parts, axis=1)[:, : samples.shape[1]].astype(np.float32)
    return made


def _filtered(samples: Samples, *filters: tuple[str, str]) -> list[av.AudioFrame]:
    graph = Graph()
    ends = [graph.add_abuffer(sample_rate=RATE, format=SAMPLE_FORMAT, layout=LAYOUT, time_base=Fraction(1, RATE))]
    ends += [graph.add(name, options) for name, options in filters]
    plain = f"sample_fmts={SAMPLE_FORMAT}:sample_rates={RATE}:channel_layouts={LAYOUT}"
    ends += [graph.add("aformat", plain), graph.add("abuffersink")]
    graph.link_nodes(*ends).configure()
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format=SAMPLE_FORMAT, layout=LAYOUT)
    frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
    graph.push(frame)
    graph.push(None)
    found: list[av.AudioFrame] = []
    while True:
        try:
            pulled = graph.pull()
        except (av.error.EOFError, av.error.BlockingIOError):
            return found
        if isinstance(pulled, av.AudioFrame):
            found.append(pulled)
