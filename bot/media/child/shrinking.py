"""Re-encodes a video to fit into a message: in two passes, at a resolution that suits the bit rate."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import av
from av.codec.context import Flags
from av.container import OutputContainer

from bot.media.child.cutting import PictureTrack, mp4, rate_of, shown_in, write_sound
from bot.media.child.opening import Refused, open_video
from bot.media.child.probing import probe
from bot.media.child.soundtrack import soundtrack
from bot.values.video import Fitted, Unusable, VideoFacts

FITTED: Final = "fitted.mp4"
LONGEST: Final = 180.0  # seconds: all of its sound is in memory
_SIDES: Final = ((1920, 1080), (1280, 720), (960, 540), (640, 360), (427, 240))  # the longer and the shorter one
_BITS_A_PIXEL: Final = 0.05  # below that x264 shows blocks, and a smaller picture looks better
_FEWEST_BITS: Final = 100_000  # of picture per second: less is unwatchable
SPARE: Final = 0.97  # of the bytes: the rest is for the container, and for errors of the rate control
_LESS: Final = 0.9  # of the bits, if it came out too large anyway
_TRIES: Final = 3
_SOUND: Final = ((1_500_000, 128_000), (0, 64_000))  # from so many bits per second in all, so many for the sound
PRESET: Final = "fast"
_THREADS: Final = 2


def fit(source: Path, most_bytes: int, folder: Path) -> Fitted:
    """Write ``fitted.mp4`` (H.264, AAC) of at most ``most_bytes`` into ``folder``, or nothing on failure.

    It keeps the length, timestamps and shape of ``source``, and is never larger. Raises
    :class:`~bot.media.child.opening.Refused`, ``CANNOT_BE_SMALLER`` if the result would be unwatchable.
    """
    facts = probe(source)
    bits = most_bytes * 8 * SPARE / max(facts.seconds, 0.1)
    sound = next(rate for least, rate in _SOUND if bits >= least) if facts.audio_codec else 0
    with TemporaryDirectory(dir=folder, prefix="unfinished-") as name:
        draft = Path(name) / FITTED
        for number in range(_TRIES):
            picture = (bits - sound) * _LESS**number
            if picture < _FEWEST_BITS or facts.seconds > LONGEST:
                break
            size = _encode(source, facts, round(picture), sound, draft, again=number > 0)
            if draft.stat().st_size <= most_bytes:
                draft.replace(folder / FITTED)
                return Fitted(name=FITTED, width=size[0], height=size[1])
    raise Refused(Unusable.CANNOT_BE_SMALLER, f"{facts.seconds:.0f} s in {most_bytes} bytes")


def _encode(source: Path, facts: VideoFacts, picture: int, sound: int, into: Path, *, again: bool) -> tuple[int, int]:
    """Run both passes, or the second one ``again``; returns the size in pixels. Rates are in bits per second."""
    log = {"passlogfile": str(into.with_suffix(".log")), "preset": PRESET, "b": str(picture)}
    if not again:
        with av.open("nothing", "w", format="null") as container:
            _pass(source, facts, container, log, Flags.pass1, picture)
    with mp4(into) as container:
        return _pass(source, facts, container, log, Flags.pass2, picture, sound)


def _pass(
    source: Path,
    facts: VideoFacts,
    container: OutputContainer,
    options: Mapping[str, str],
    flag: Flags,
    picture: int,
    sound: int = 0,
) -> tuple[int, int]:
    samples = soundtrack(source, 0.0, facts.seconds) if sound else None
    with open_video(source, threads=_THREADS) as video:
        shown = shown_in(video, 0.0, facts.seconds, goes_on=True)
        first = next(shown)
        track = PictureTrack(
            container,
            video,
            first.frame,
            most=_most(facts, picture, float(rate_of(video.picture))),
            options=options,
            flags=flag,
        )
        if samples is not None:
            write_sound(container, samples, bits=sound)
        for each in chain([first], shown):
            track.add(each)
        track.finish()
    return track.size


def _most(facts: VideoFacts, picture: int, rate: float) -> tuple[int, int]:
    """The largest size for which ``picture`` bits per second are enough; the smallest one if none is."""
    longer, shorter = max(facts.width, facts.height), min(facts.width, facts.height)
    for most in _SIDES:
        factor = min(1.0, most[0] / longer, most[1] / shorter)
        if picture >= _BITS_A_PIXEL * longer * shorter * factor**2 * rate:
            return most
    return _SIDES[-1]
