"""The child process: one request as JSON on stdin, one answer as JSON on stdout; data goes through files.

Started by path with ``python -I``, so that neither the environment nor the working folder affects imports. A request is
``{"operation": …, "source": …, "parent": …, "limits": {…}, …}``; an answer is one of ``{"answer": …}``, ``{"refused":
why, "detail": …}`` (the file cannot be used), ``{"no_room": true}`` (the disk is full) and ``{"failed": …}`` (a defect
of ours, which the parent logs). ``parent`` is the process id of the reader; ``limits`` are those fields of
:class:`Limits` that differ from the default.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import stat
import sys
import traceback
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from bot import limits
from bot.media.child.confinement import Limits, confine
from bot.values.time_range import TimeRange
from bot.values.video import (
    BestSeconds,
    CastLines,
    CheckedFile,
    Cut,
    Filmstrip,
    Findings,
    Fitted,
    MediaPart,
    Picture,
    Reference,
    SiteVideo,
    Unusable,
    VideoFacts,
    WantedFile,
)

_NO_PLAIN_FILE = {
    "picture": Unusable.NOT_A_PICTURE,
    "cast_lines": Unusable.NOT_AN_ARCHIVE,
    "cast_files": Unusable.NOT_AN_ARCHIVE,
}
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


def main() -> None:
    """Answer one request, then exit at once, without waiting for threads that a decoder left running."""
    request = json.loads(sys.stdin.buffer.read(limits.CHILD_REQUEST_BYTES))
    confine(Limits(**request.get("limits", {})), parent=request.get("parent", os.getppid()))
    sys.stdout.write(json.dumps(_answer(request), default=_plain))
    sys.stdout.flush()
    os._exit(0)


def _answer(request: Mapping[str, Any]) -> Mapping[str, Any]:
    from bot.media.child.errors import Refused, is_memory_left

    try:
        if "source" in request and not _is_plain_file(request["source"]):
            wanted = _NO_PLAIN_FILE.get(request["operation"], Unusable.NOT_A_VIDEO)
            return {"refused": wanted, "detail": "no plain file"}
        return {"answer": OPERATIONS[request["operation"]](request)}
    except Refused as refused:
        if not is_memory_left():  # some decoders report a lack of memory as another error
            return {"refused": Unusable.TOO_MUCH_MEMORY, "detail": f"then {refused.why}"}
        return {"refused": refused.why, "detail": refused.detail}
    except MemoryError:
        return {"refused": Unusable.TOO_MUCH_MEMORY, "detail": ""}
    except Exception as error:  # noqa: BLE001 - the parent logs it
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            return {"no_room": True}
        where = traceback.extract_tb(error.__traceback__)[-1]
        return {"failed": f"{type(error).__name__} in {where.name}, line {where.lineno} of {Path(where.filename).name}"}


def _is_plain_file(source: str) -> bool:
    """Whether it is a regular file: no folder, no endless pipe, and no link to another of our files."""
    return stat.S_ISREG(os.lstat(source).st_mode)


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be answered")


# -- The operations -------------------------------------------------------------------------------------------------

Request: TypeAlias = Mapping[str, Any]


def _probe(request: Request) -> VideoFacts:
    from bot.media.child.probing import probe

    return probe(_path(request, "source"))


def _filmstrip(request: Request) -> Filmstrip:
    from bot.media.child.filmstrip import filmstrip

    marks = [_range(mark) for mark in request["marks"]]
    alone = request.get("alone", False)
    return filmstrip(_path(request, "source"), _path(request, "into"), marks=marks, whole=not alone, numbered=not alone)


def _moving(request: Request) -> Picture:
    from bot.media.child.animated_preview import moving_picture

    return moving_picture(_path(request, "source"), _range(request["range"]), _path(request, "into"))


def _suggest(request: Request) -> BestSeconds:
    from bot.media.child.best_seconds import best_seconds

    return best_seconds(_path(request, "source"))


def _examine(request: Request) -> Findings:
    from bot.media.child.best_seconds import examine

    return examine(_path(request, "source"), _range(request["range"]))


def _cut(request: Request) -> Cut:
    from bot.media.child.cutting import cut

    louder = request.get("louder", False)
    return cut(_path(request, "source"), _range(request["range"]), _path(request, "folder"), louder=louder)


def _reference(request: Request) -> Reference:
    from bot.media.child.reference import reference

    louder = request.get("louder", False)
    return reference(_path(request, "source"), _range(request["range"]), _path(request, "folder"), louder=louder)


def _picture(request: Request) -> Picture:
    from bot.media.child.pictures import reencode

    return reencode(_path(request, "source"), _path(request, "folder"))


def _face_rows(request: Request) -> tuple[Picture, ...]:
    from bot.media.child.face_rows import face_rows

    rows = [[Path(each) if each and _is_plain_file(each) else None for each in row] for row in request["rows"]]
    return face_rows(rows, _path(request, "folder"))


def _fit(request: Request) -> Fitted:
    from bot.media.child.shrinking import fit

    return fit(_path(request, "source"), request["most_bytes"], _path(request, "folder"))


def _poster(request: Request) -> Picture:
    from bot.media.child.poster import poster

    return poster(_path(request, "source"), _path(request, "folder"))


def _video_on_page(request: Request) -> str | None:
    from bot.media.child.web_page import video_on_page

    return video_on_page(_path(request, "source"))


def _site_video(request: Request) -> SiteVideo:
    from bot.media.child.site import site_video

    wanted = None if request["range"] is None else _range(request["range"])
    return site_video(request["url"], _path(request, "into"), wanted, request["most_bytes"], network=request["network"])


def _cast_lines(request: Request) -> CastLines:
    from bot.media.child.archive import cast_lines

    return cast_lines(_path(request, "source"), _path(request, "folder"))


def _cast_files(request: Request) -> list[CheckedFile]:
    from bot.media.child.archive import checked_files

    wanted = [WantedFile(**each | {"part": MediaPart(each["part"])}) for each in request["wanted"]]
    return checked_files(_path(request, "source"), wanted, _path(request, "folder"))


# By name. Each imports only what it needs, because starting takes most of the time of a probe.
OPERATIONS: Mapping[str, Callable[[Request], object]] = {
    "probe": _probe,
    "filmstrip": _filmstrip,
    "moving": _moving,
    "suggest": _suggest,
    "examine": _examine,
    "cut": _cut,
    "reference": _reference,
    "picture": _picture,
    "face_rows": _face_rows,
    "fit": _fit,
    "poster": _poster,
    "video_on_page": _video_on_page,
    "site_video": _site_video,
    "cast_lines": _cast_lines,
    "cast_files": _cast_files,
}


def _path(request: Request, name: str) -> Path:
    return Path(request[name])


def _range(pair: tuple[str, str]) -> TimeRange:
    return TimeRange(Decimal(pair[0]), Decimal(pair[1]))


if __name__ == "__main__":
    main()
