"""What simulated characters are called, and ids that look like the provider's."""

from __future__ import annotations

import random
import re
from typing import Final

_NAMES: Final = (
    "Captain Marmalade", "Velvet Thunder", "Nora Nimbus", "Sir Wobblesworth", "Juniper Spark", "Professor Biscuit",
    "Mango Moonbeam", "Tilly Tangent", "Cosmo Pickles", "Madame Zigzag", "Pepper Lantern", "Duke Dandelion",
)  # fmt: skip
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_CROCKFORD: Final = "0123456789abcdefghjkmnpqrstvwxyz"


class Namer:
    """Makes names and ids; with a `seed` the same ones every time."""

    def __init__(self, seed: int | None) -> None:
        self._random = random.Random(seed)
        # Of their own: tasks are taken while others are being finished, and the order of those two is nobody's.
        self._task_ids = random.Random(seed)
        self._at = self._random.randrange(len(_NAMES))

    def task_id(self, prefix: str = "task") -> str:
        """An id like `task_01j…`; those of videos begin otherwise in some families."""
        return f"{prefix}_01" + "".join(self._task_ids.choices(_CROCKFORD, k=24))

    def hex_id(self, prefix: str) -> str:
        """An id like `ch_6937…` or `upload_…`."""
        return f"{prefix}_{self._random.getrandbits(128):032x}"

    def display_name(self) -> str:
        """The next name of the list; after the last one it begins again."""
        self._at += 1
        return _NAMES[self._at % len(_NAMES)]

    def username(self, display_name: str) -> str:
        """A username like `duksvfkf.turbo_whis`: the dot is part of it."""
        spoken = re.sub(r"[^a-z]+", "_", display_name.lower())[:10].strip("_")
        return "".join(self._random.choices(_LETTERS, k=8)) + "." + spoken
