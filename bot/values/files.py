"""Files that we hold: by what they contain, not by where they came from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file in the file store or in a job's work folder.

    ``key`` is its place in the store (``<owner key>/<sha256>`` or ``work/<job id>/…``), ``size`` is in bytes,
    ``mime`` is what its first bytes say, never what somebody claimed.
    """

    key: str
    sha256: str
    size: int
    mime: str
