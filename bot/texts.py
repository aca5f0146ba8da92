"""Texts for people: a message id with parameters, rendered only when somebody reads it.

The message id is the English sentence itself (gettext's convention), so a row written by an older version still reads
well after the sentence has changed. ``make messages`` collects them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.catalogues import catalogue_of

Param: TypeAlias = "str | int | float | Text"

_DECIMALS = 3
# Separators of thousands and decimals that differ from English (Unicode CLDR).
_SIGNS = {"ru": ("\xa0", ","), "es-ES": (".", ","), "pt-BR": (".", ",")}
_ENGLISH_SIGNS = (",", ".")
_FRACTION = 2  # "1.5 credits" takes the plural form of two credits, in all our languages


@dataclass(frozen=True, slots=True)
class Text:
    """A message for a person that is not rendered yet.

    ``params`` fill the ``{names}`` in ``msgid``; a parameter may itself be a text. Strings among them come from outside
    (names, links) and are escaped when they are rendered. A float is a number for people and gets the separators of
    their language; an int is not formatted (an id, an instant). ``plural``: the English sentence for every number but
    one, if the sentence depends on the parameter ``count``. ``context`` distinguishes two meanings of the same English
    words.
    """

    msgid: str
    params: Mapping[str, Param] = field(default_factory=dict)
    plural: str = ""
    context: str = ""

    def __str__(self) -> str:
        """In English and unescaped: for logs and exceptions, never for Discord."""
        return render(self)


def text(msgid: str, /, **params: Param) -> Text:
    """Build a :class:`Text`; ``msgid`` must be a literal, so that it can be found and translated."""
    return Text(msgid, params)


def ntext(one: str, other: str, /, *, count: float, **params: Param) -> Text:
    """A text that depends on a number, like gettext's ``ngettext``; both have ``{count}``, or ``one`` leaves it out.

    If a sentence has two such numbers, the second is in its own text, passed as a parameter.
    """
    return Text(one, {"count": count, **params}, plural=other)


def ptext(context: str, msgid: str, /, **params: Param) -> Text:
    """A text whose English words have another meaning elsewhere, like gettext's ``pgettext``."""
    return Text(msgid, params, context=context)


def listed(words: Iterable[str | Text]) -> Text:
    """``words`` with the commas of the language between them."""
    first, *others = list(words) or [""]
    said = first if isinstance(first, Text) else text("{names}", names=first)
    for word in others:
        said = text("{before}, {word}", before=said, word=word)
    return said


def _verbatim(value: str) -> str:
    return value


def render(message: Text, locale: str = "en", escape: Callable[[str], str] = _verbatim) -> str:
    """Render ``message`` in ``locale`` (a Discord locale such as ``en-GB``); English if untranslated.

    ``escape`` is applied to string parameters, not to our own sentence.
    """
    values: dict[str, str | int] = {}
    for name, value in message.params.items():
        if isinstance(value, Text):
            values[name] = render(value, locale, escape)
        elif isinstance(value, float) or (message.plural and name == "count" and isinstance(value, int)):
            values[name] = number(value, locale)
        else:
            values[name] = escape(value) if isinstance(value, str) else value
    return _words(message, locale).format_map(values)


def translated(msgid: str, locale: str, context: str = "") -> str | None:
    """The translation of ``msgid`` in ``locale``; ``None`` if there is none."""
    catalogue = catalogue_of(locale)
    forms = catalogue.forms.get((context, msgid)) if catalogue else None
    return forms[0] if forms else None


def _words(message: Text, locale: str) -> str:
    if not message.plural:
        return translated(message.msgid, locale, message.context) or message.msgid
    count = message.params["count"]
    whole = int(count) if isinstance(count, int | float) and count == int(count) else _FRACTION
    catalogue = catalogue_of(locale)
    forms = catalogue.forms.get((message.context, message.msgid)) if catalogue else None
    if catalogue is None or forms is None:
        return message.msgid if whole == 1 else message.plural
    return forms[catalogue.plural(whole)]


def number(value: float, locale: str = "en") -> str:
    """``value`` with the separators of ``locale``, at most three decimals and no trailing zeros: ``1,234.5``."""
    thousands, decimal = _SIGNS.get(locale, _ENGLISH_SIGNS)
    whole, _, fraction = f"{value:,.{_DECIMALS}f}".partition(".")
    fraction = fraction.rstrip("0")
    return whole.replace(",", thousands) + (f"{decimal}{fraction}" if fraction else "")
