"""The child process: one request as JSON on stdin, one answer as JSON on stdout, files in between.

Started by path with ``python -I``, so that neither the environment nor the working folder decides what is imported.
A request is ``{"operation": …, "source": …, "parent": …, "limits": {…}, …}``; an answer is one of ``{"answer": …}``,
``{"refused": why, "detail": …}`` (the file's fault), ``{"no_room": true}`` (the disk's) and ``{"failed": …}`` (ours:
the parent logs it). ``parent`` is the process without which nobody would read the answer; ``limits`` are those of
:class:`Limits` that differ.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import stat
import sys
import traceback
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from bot.media.child.confinement import Limits, confine
from bot.values.video import Unusable

MOST_ASKED = 65_536  # bytes of a request
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


def main() -> None:
    """Answer one request, then end at once: what a decoder left running is not waited for."""
    request = json.loads(sys.stdin.buffer.read(MOST_ASKED))
    confine(Limits(**request.get("limits", {})), parent=request.get("parent", os.getppid()))
    sys.stdout.write(json.dumps(_answer(request), default=_plain))
    sys.stdout.flush()
    os._exit(0)


def _answer(request: Mapping[str, Any]) -> Mapping[str, Any]:
    from bot.media.child.opening import Refused
    from bot.media.child.operations import OPERATIONS

    try:
        if not _is_plain_file(request["source"]):
            wanted = Unusable.NOT_A_PICTURE if request["operation"] == "picture" else Unusable.NOT_A_VIDEO
            return {"refused": wanted, "detail": "no plain file"}
        return {"answer": OPERATIONS[request["operation"]](request)}
    except Refused as refused:
        return {"refused": refused.why, "detail": refused.detail}
    except MemoryError:
        return {"refused": Unusable.TOO_MUCH_MEMORY, "detail": ""}
    except Exception as error:  # noqa: BLE001 - the parent has the log
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            return {"no_room": True}
        where = traceback.extract_tb(error.__traceback__)[-1]
        return {"failed": f"{type(error).__name__} in {where.name}, line {where.lineno} of {Path(where.filename).name}"}


def _is_plain_file(source: str) -> bool:
    """No folder, no pipe that never ends, and no link: our own files have the names that we gave them."""
    return stat.S_ISREG(os.lstat(source).st_mode)


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be answered")


if __name__ == "__main__":
    main()
