"""The catalogues of the translators: python -m messages [update | check] [LANGUAGE…]

``update`` brings them up to date with the code: it adds new sentences untranslated and changed ones as ``fuzzy``, and
removes unused ones. ``check`` lists everything that is wrong with them, including what is not yet translated. Without a
language (``ja``, ``pt_BR``), all catalogues are meant.
"""

from __future__ import annotations

import asyncio
import sys

from bot.catalogues import LANGUAGES
from messages import glossary
from messages.catalogues import load, update
from messages.collection import collect
from messages.rules import problems


def main(arguments: list[str]) -> int:
    """Update the catalogues, or check them."""
    todo, *languages = arguments or ["update"]
    unknown = set(languages) - set(LANGUAGES)
    if todo not in {"update", "check"} or unknown:
        print(f"{' '.join(sorted(unknown)) or todo}: say update or check, then any of {' '.join(LANGUAGES)}")
        return 2
    messages = asyncio.run(collect())
    if todo == "update":
        for line in update(messages, languages or LANGUAGES):
            print(line)
        return 0
    terms = glossary.read(glossary.PATH.read_text("utf-8"))
    found = [
        f"{language}: {problem}"
        for language in languages or LANGUAGES
        for problem in problems(load(language), messages, terms, complete=True)
    ]
    print(*found, f"{len(found)} to do", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
