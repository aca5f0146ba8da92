"""Detects black bars (letterboxing, pillarboxing) and entirely black pictures."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

BLACK = 24  # grey levels: nothing in a black picture, or in a bar, is brighter
_SPECKS = 0.01  # of a black picture may be brighter all the same
_SPANS = 0.5  # of the side: a picture between bars is that long at its edge, a logo on black is not
_NARROWEST, _WIDEST = 0.02, 0.45  # of the side: less or more is no bar
_BLURRED = 2  # pixels at its edge in which bar and picture are mixed


def is_black(picture: Image.Image) -> bool:
    """Whether the picture is black all over."""
    counts = picture.convert("L").histogram()
    return sum(counts[BLACK + 1 :]) <= _SPECKS * sum(counts)


def inside_bars(pictures: Sequence[Image.Image]) -> tuple[int, int, int, int] | None:
    """The box (left, top, right, bottom) in which all of ``pictures`` are, where two equal bars lie outside it.

    ``None`` where there are no bars, nothing but black, or pictures of different sizes.
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
    """Whether along one of ``edges`` there is mostly something in the pictures that are not black."""
    there = [each for each in seen if each.getbbox() is not None]
    shares = []
    for edge in edges:
        lit = sum(each.crop(edge).histogram()[255] for each in there)
        shares.append(lit / (len(there) * (edge[2] - edge[0]) * (edge[3] - edge[1])))
    return max(shares) >= _SPANS
