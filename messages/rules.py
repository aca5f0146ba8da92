"""Checks that a translation exists, has the English sentence's parameters and names, and fits where it is shown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry

from bot.catalogues import LANGUAGES, parse
from messages.catalogues import written
from messages.glossary import Term, unlike
from messages.message import Message

COMPLETE: tuple[str, ...] = LANGUAGES
"""The languages in which nothing may be missing, fuzzy, or said otherwise than the glossary says."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
# The same in every language: Discord's markdown with its parameters, commands, and what is typed or copied.
_KEPT = (
    re.compile(r"<[@t:#/][^>]*>"),
    re.compile(r"`[^`]*`"),
    re.compile(r"https?://[\w./-]*[\w/]", re.ASCII),
    re.compile(r"\*\*"),
)
# Names in a sentence: a button, a title or a menu in quotation marks, and an option of a command in bold.
_LABEL = re.compile(r"“([^“”{}]+)”")
_OPTION = re.compile(r"\boptions?\b")
_BOLD = re.compile(r"\*\*(\w+)\*\*")
_NAMES = {"command", "option"}
_NAME = re.compile(r"[-_'\w]{1,32}")  # with str.islower: Discord's own rule (Application Command Naming)
_ALLOWS = "glossary: "
# A number and its unit stay on one line.
_APART = re.compile(r"\} (?:MB(?![a-z])|(?:МБ|s|сек|дн|ч|%)(?!\w))")
_SHORTEST = "·"  # the least that a parameter takes


def _commands(messages: Sequence[Message]) -> re.Pattern[str]:
    """Our commands, as sentences name them."""
    names = "|".join(sorted({re.escape(each.msgid) for each in messages if each.context == "command"}))
    return re.compile(rf"(?<![\w/.<{{}}>])/(?:{names})(?: (?:{names}))?(?![\w-])", re.ASCII)


def problems(
    catalogue: Catalog, messages: Sequence[Message], terms: Sequence[Term], *, complete: bool
) -> Iterator[str]:
    """Everything that is wrong with ``catalogue``, a line each.

    ``complete``: what is not translated, or not as the glossary has it, is wrong as well. The comment
    ``# glossary: word`` in the catalogue allows an entry another word.
    """
    plural = parse(written(catalogue)).plural
    ones = {number for number in range(200) if plural(number) == 0}
    kept = (*_KEPT, _commands(messages))
    for message in messages:
        entry = catalogue.get(message.msgid, message.context or None)
        forms = _forms(entry)
        if entry is None or entry.fuzzy or not all(forms):
            if complete:
                yield f"{_shown(message)}: {'fuzzy' if entry is not None and entry.fuzzy else 'not translated'}"
            continue
        if message.plural and len(forms) != catalogue.num_plurals:
            yield f"{_shown(message)}: {len(forms)} forms of {catalogue.num_plurals}"
        named = tuple(_named(message, catalogue))
        for number, form in enumerate(forms):
            yield from (f"{_shown(message)}: without {each} in {form!r}" for each in named if each not in form)
            without_count = number == 0 and ones == {1}
            if complete:
                english = _without(message.plural or message.msgid, (_PLACEHOLDER, *kept))
                allowed = {each.removeprefix(_ALLOWS) for each in entry.user_comments if each.startswith(_ALLOWS)}
                for term in unlike(english, form, str(catalogue.locale_identifier), terms):
                    if term.english not in allowed:
                        yield f"{_shown(message)}: “{term.english}” is not said as in the glossary: {form!r}"
            yield from (
                f"{_shown(message)}: {problem}" for problem in _wrong(message, form, kept, without_count=without_count)
            )


def _named(message: Message, catalogue: Catalog) -> Iterator[str]:
    """The names in the sentence, as they are in the language of ``catalogue``."""
    for label in _LABEL.findall(message.msgid):
        entry = catalogue.get(label) or catalogue.get(label, "menu")
        if entry is not None:
            yield from _forms(entry)[:1]
    if _OPTION.search(message.msgid):
        for option in _BOLD.findall(message.msgid):
            entry = catalogue.get(option, "option")
            if entry is not None:
                yield f"**{_forms(entry)[0]}**"


def _forms(entry: Entry | None) -> tuple[str, ...]:
    if entry is None:
        return ("",)
    return tuple(entry.string) if isinstance(entry.string, list | tuple) else (entry.string or "",)


def _wrong(message: Message, form: str, kept: Iterable[re.Pattern[str]], *, without_count: bool) -> Iterator[str]:
    english = message.plural or message.msgid
    wanted, found = (Counter(set(_PLACEHOLDER.findall(each))) for each in (english, form))
    if message.plural and without_count:
        wanted["count"] = found["count"] = 0
    if +wanted != +found:
        yield f"the placeholders differ: {form!r}"
    for pattern in kept:
        if (there := Counter(pattern.findall(english))) != (here := Counter(pattern.findall(form))):
            yield f"not as in English: {' '.join((there - here) | (here - there))} in {form!r}"
    if form.strip() != form:
        yield f"blanks around it: {form!r}"
    if _APART.search(form):
        yield f"a number and its unit without a no-break space: {form!r}"
    if message.at_most is not None and len(_PLACEHOLDER.sub(_SHORTEST, form)) > message.at_most:
        yield f"{len(form)} characters of {message.at_most}: {form!r}"
    if message.context in _NAMES and not (_NAME.fullmatch(form) and form == form.lower()):
        yield f"no name for a command or an option: {form!r}"


def _without(sentence: str, patterns: Iterable[re.Pattern[str]]) -> str:
    for pattern in patterns:
        sentence = pattern.sub(" ", sentence)
    return sentence


def _shown(message: Message) -> str:
    return f"{message.context}: {message.msgid!r}" if message.context else repr(message.msgid)
