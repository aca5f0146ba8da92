"""The catalogues of the translators: python -m messages [check LANGUAGE…]

Without an argument it brings them up to date: new sentences come in untranslated, changed ones as ``fuzzy``, and what
nobody says any more goes. ``check`` says all that is wrong with some of them, also what is still to be translated.
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
    """Write every catalogue anew, or check some."""
    messages = asyncio.run(collect())
    if arguments[:1] != ["check"]:
        for line in update(messages):
            print(line)
        return 0
    terms = glossary.read(glossary.PATH.read_text("utf-8"))
    found = [
        f"{language}: {problem}"
        for language in arguments[1:] or LANGUAGES
        for problem in problems(load(language), messages, terms, complete=True)
    ]
    print(*found, f"{len(found)} to do", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
