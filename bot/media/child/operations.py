"""What the child can be asked to do, by name. Each imports only what it needs: a start is most of a probe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.values.time_range import TimeRange
from bot.values.video import BestSeconds, Cut, Filmstrip, Findings, Picture, VideoFacts

Request = Mapping[str, Any]


def _probe(request: Request) -> VideoFacts:
    from bot.media.child.probing import probe

    return probe(_path(request, "source"))


def _filmstrip(request: Request) -> Filmstrip:
    from bot.media.child.filmstrip import filmstrip

    return filmstrip(
        _path(request, "source"), _path(request, "into"), marks=[_range(mark) for mark in request["marks"]]
    )


def _suggest(request: Request) -> BestSeconds:
    from bot.media.child.best_seconds import best_seconds

    return best_seconds(_path(request, "source"))


def _examine(request: Request) -> Findings:
    from bot.media.child.best_seconds import examine

    return examine(_path(request, "source"), _range(request["range"]))


def _cut(request: Request) -> Cut:
    from bot.media.child.cutting import cut

    return cut(_path(request, "source"), _range(request["range"]), _path(request, "folder"))


def _picture(request: Request) -> Picture:
    from bot.media.child.pictures import encode_anew

    return encode_anew(_path(request, "source"), _path(request, "folder"))


OPERATIONS: Mapping[str, Callable[[Request], object]] = {
    "probe": _probe,
    "filmstrip": _filmstrip,
    "suggest": _suggest,
    "examine": _examine,
    "cut": _cut,
    "picture": _picture,
}


def _path(request: Request, name: str) -> Path:
    return Path(request[name])


def _range(pair: tuple[str, str]) -> TimeRange:
    return TimeRange(Decimal(pair[0]), Decimal(pair[1]))
