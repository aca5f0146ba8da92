"""Catalogues of translations as a test wants them."""

from __future__ import annotations

from pathlib import Path

from bot import catalogues


def forget() -> None:
    """Read every catalogue anew."""
    catalogues.catalogue_of.cache_clear()
    catalogues._catalogue.cache_clear()


def write_catalogue(folder: Path, language: str, entries: str, plural: str = "nplurals=2; plural=(n != 1);") -> None:
    target = folder / language / "LC_MESSAGES"
    target.mkdir(parents=True, exist_ok=True)
    header = f'msgid ""\nmsgstr ""\n"Plural-Forms: {plural}\\n"\n'
    (target / "castbook.po").write_text(f"{header}\n{entries}", "utf-8")
    forget()
