"""Writes into a document, between marks such as ``<!-- bench:NAME -->`` and ``<!-- /bench:NAME -->``.

``bench`` blocks hold figures, so that a text only shows what a command has measured, with the day and the machine
beside it. ``generated`` blocks hold tables that come from the code (:mod:`docs`).
"""

from __future__ import annotations

import os
import platform
import re
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[1]


def rewrite(document: Path, name: str, content: str, *, kind: str = "bench") -> None:
    """Replace the text between the marks of ``name`` in ``document`` by ``content``, lines of Markdown.

    Everything else stays as it is, byte for byte. Raises KeyError if the document has no such marks, or has them
    more than once.
    """
    before, _, after = _split(document, name, kind)
    new = document.with_name(f".{document.name}.new")
    new.write_bytes(f"{before}\n{content.strip()}\n{after}".encode())
    new.replace(document)


def block(document: Path, name: str, *, kind: str = "bench") -> str:
    """The text between the marks of ``name``. Raises KeyError like :func:`rewrite`."""
    return _split(document, name, kind)[1].strip()


def measured_on(day: date) -> str:
    """When and where figures were measured, for a sentence: ``2026-11-24 on 2 cores with Python 3.11``."""
    version = ".".join(platform.python_version_tuple()[:2])
    return f"{day.isoformat()} on {os.cpu_count()} cores with Python {version}"


def _split(document: Path, name: str, kind: str) -> tuple[str, str, str]:
    """The document up to the first mark, the text between both, and the rest from the second one on."""
    words = document.read_bytes().decode()
    begin, end = f"<!-- {kind}:{name} -->", f"<!-- /{kind}:{name} -->"
    found = list(re.finditer(f"({re.escape(begin)})\n(.*?)({re.escape(end)})", words, re.DOTALL))
    if len(found) != 1 or words.count(begin) != 1 or words.count(end) != 1:
        raise KeyError(f"{document.name} has no block {name}, or more than one")
    return words[: found[0].end(1)], found[0].group(2), words[found[0].start(3) :]
