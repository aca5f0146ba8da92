"""Sentences for people: a message id with parameters, put into words only where somebody reads it.

The message id is the English sentence itself (gettext's own convention), so a row written by an older version
still reads well when a sentence has changed since. ``xgettext --keyword=text`` collects them.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

Param: TypeAlias = "str | int | Text"

_CATALOGUES = Path(__file__).with_name("locale")


@dataclass(frozen=True, slots=True)
class Text:
    """One message for a person, not yet in words.

    ``params`` fill the ``{names}`` of ``msgid``; a parameter may be a text of its own. Strings among them came
    from outside (names, links) and are escaped when they are rendered.
    """

    msgid: str
    params: Mapping[str, Param] = field(default_factory=dict)

    def __str__(self) -> str:
        """In English and unescaped: for logs and exceptions, never for Discord."""
        return render(self)


def text(msgid: str, /, **params: Param) -> Text:
    """Build a :class:`Text`; ``msgid`` is a literal, so that gettext's tools find it."""
    return Text(msgid, params)


def _verbatim(value: str) -> str:
    return value


def render(message: Text, locale: str = "en", escape: Callable[[str], str] = _verbatim) -> str:
    """Put ``message`` into words in ``locale`` (a Discord locale such as ``en-GB``); English where untranslated.

    ``escape`` is applied to string parameters, not to our own sentence.
    """
    values: dict[str, str | int] = {}
    for name, value in message.params.items():
        if isinstance(value, Text):
            values[name] = render(value, locale, escape)
        else:
            values[name] = escape(value) if isinstance(value, str) else value
    return _translations(locale).gettext(message.msgid).format_map(values)


@lru_cache(maxsize=64)  # Discord knows some thirty locales; looking for a catalogue reads the disk
def _translations(locale: str) -> gettext.NullTranslations:
    languages = [locale.replace("-", "_"), locale.split("-", 1)[0]]
    return gettext.translation("castbook", _CATALOGUES, languages, fallback=True)
