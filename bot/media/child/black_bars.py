"""Detects black bars (letterboxing, pillarboxing) and entirely black pictures."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

BLACK = 24  # grey levels: the brightest value in a black picture or a bar
_SPECKS = 0.01  # of a black picture may be brighter anyway
_SPANS = 0.5  # of the side: a picture between bars is that long at its edge, a logo on black is not
_NARROWEST, _WIDEST = 0.02, 0.45  # of the side: smaller or larger areas are not bars
_BLURRED = 2  # pixels at the edge where bar and picture blend


def is_black(picture: Image.Image) -> bool:
    """Whether the picture is black all over."""
    counts = picture.convert("L").histogram()
    return sum(counts[BLACK + 1 :]) <= _SPECKS * sum(counts)


def inside_bars(pictures: Sequence[Image.Image]) -> tuple[int, int, int, int] | None:
    """The box (left, top, right, bottom) that contains all of ``pictures``, if there are two equal bars outside it.

    ``None`` if there are no bars, everything is black, or the pictures have different sizes.
    """
    seen = [picture.convert("L").point(lambda grey: 255 * (grey > BLACK)) for picture in pictures]
    boxes = [box for box in (each.getbbox() for each in seen) if box is not None]
    if not boxes or len({each.size for each in seen}) != 1:
        return None
    width, height = seen[0].size
    across = min(min(box[0] for box in boxes), width - max(box[2] for box in boxes))
    down = min(min(box[1] for box in boxes), height - max(box[3] for box in boxes))
    upright = [(at, 0, at + 1, height) for at in (across + _BLURRED, width - across - _BLURRED - 1)]
    lying = [(0, at, width, at + 1) for at in (down + _BLURRED, height - down - _BLURRED - 1)]
    if not _NARROWEST * width <= across <= _WIDEST * width or not _spans(seen, upright):
        across = 0
    if not _NARROWEST * height <= down <= _WIDEST * height or not _spans(seen, lying):
        down = 0
    if not across and not down:
        return None
    across, down = across + _BLURRED * (across > 0), down + _BLURRED * (down > 0)
    return across, down, width - across, height - down


def _spans(seen: Sequence[Image.Image], edges: Sequence[tuple[int, int, int, int]]) -> bool:
    """Whether the non-black pictures have content along most of one of ``edges``."""
    there = [each for each in seen if each.getbbox() is not None]
    shares = []
    for edge in edges:
        lit = sum(each.crop(edge).histogram()[255] for each in there)
        shares.append(lit / (len(there) * (edge[2] - edge[0]) * (edge[3] - edge[1])))
    return max(shares) >= _SPANS
