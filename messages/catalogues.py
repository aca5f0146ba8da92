"""Reads and writes the catalogues with Babel, without line numbers and dates: they change only with the sentences."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence

from babel.messages import pofile
from babel.messages.catalog import Catalog

from bot.catalogues import LANGUAGES, path_of
from messages.message import Message

_HEADER = """\
# Castbook in {name}. The rules are in docs/translating.md, the words in docs/glossary.md.
# `make messages` brings this file up to date with the code."""
_UNSTABLE = "POT-Creation-Date|PO-Revision-Date|Generated-By|Last-Translator|Report-Msgid-Bugs-To|Language-Team"

# Without Unicode's extra plural form for whole millions, which never occur here.
_PLURAL_FORMS = {"es": "nplurals=2; plural=(n != 1);", "pt_BR": "nplurals=2; plural=(n > 1);"}


def template(messages: Iterable[Message]) -> Catalog:
    """A catalogue of everything that is translated."""
    made = Catalog(fuzzy=False)
    for each in messages:
        made.add(
            (each.msgid, each.plural) if each.plural else each.msgid,
            locations=[(file, 0) for file in each.files],
            auto_comments=each.comments,
            flags=["python-brace-format"] if "{" in each.msgid else [],
            context=each.context or None,
        )
    return made


def load(language: str) -> Catalog:
    """The catalogue of ``language``; an empty one if there is none yet."""
    path = path_of(language)
    if not path.is_file():
        return _empty(language)
    with path.open("rb") as file:
        return pofile.read_po(file, locale=language)


def _empty(language: str) -> Catalog:
    made = Catalog(locale=language, fuzzy=False)
    if language in _PLURAL_FORMS:
        made.mime_headers = [("Plural-Forms", _PLURAL_FORMS[language])]
    return made


def update(messages: Sequence[Message], languages: Sequence[str] = LANGUAGES) -> Iterator[str]:
    """Update every catalogue, and print how much of it is still untranslated."""
    wanted = template(messages)
    for language in languages:
        catalogue = load(language)
        catalogue.update(wanted)
        for each in catalogue:
            each.flags.discard("python-format")  # our placeholders have braces; "100 %" is none
            if not _done(each.string):
                each.flags.discard("fuzzy")  # Babel would also keep an untranslated plural as an old translation
        path_of(language).parent.mkdir(parents=True, exist_ok=True)
        path_of(language).write_text(written(catalogue), "utf-8")
        open_ = sum(1 for each in catalogue if each.id and (each.fuzzy or not _done(each.string)))
        yield f"{language}: {open_} of {len(catalogue)} to translate"


def _done(string: object) -> bool:
    return all(string) if isinstance(string, list | tuple) else bool(string)


def written(catalogue: Catalog) -> str:
    """``catalogue`` as a file."""
    catalogue.fuzzy, catalogue.project, catalogue.version = False, "Castbook", "in all its versions"
    catalogue.header_comment = _HEADER.format(name=catalogue.locale.english_name if catalogue.locale else "English")
    content = io.BytesIO()
    pofile.write_po(content, catalogue, width=0, sort_by_file=True, ignore_obsolete=True, include_lineno=False)
    lines = content.getvalue().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(tuple(f'"{each}' for each in _UNSTABLE.split("|"))))
