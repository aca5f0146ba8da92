"""Brings the catalogues of the translators up to date: python -m messages

New sentences come in untranslated, changed ones as ``fuzzy``, and what nobody says any more goes.
"""

from __future__ import annotations

import asyncio

from messages.catalogues import update
from messages.collection import collect


def main() -> None:
    """Write every catalogue anew."""
    for line in update(asyncio.run(collect())):
        print(line)


if __name__ == "__main__":
    main()
