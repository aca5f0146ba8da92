"""Sentences for people: put into words late, in their language, with what came from outside escaped."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from babel.numbers import format_decimal
from pydantic import TypeAdapter

from bot import catalogues
from bot.texts import Text, listed, ntext, number, ptext, render, text
from tests.catalogues import write_catalogue


def shout(value: str) -> str:
    return value.upper()


_RUSSIAN = """
#. a comment
#: bot/chat/card.py
msgid "{count} second"
msgid_plural "{count} seconds"
msgstr[0] "{count} секунда"
msgstr[1] "{count} секунды"
msgstr[2] "{count} секунд"

msgctxt "of a door"
msgid "Open"
msgstr "Открыта"

msgid "Open"
msgstr "Открыть"

#, fuzzy
msgid "Nothing."
msgstr "Что-то."

msgid "It costs {credits}."
msgstr ""
"Это «{credits}».\\n"
"Да."
"""


@pytest.fixture
def written(catalogues_in: Path) -> None:
    """German, British English on its own, and Russian."""
    german = {"{n} of {name}": "{n} von {name}", "Nothing.": "Nichts.", "{a}!": "{a}!", "Untold.": ""}
    entries = "\n".join(f'msgid "{one}"\nmsgstr "{other}"\n' for one, other in german.items())
    write_catalogue(catalogues_in, "de", entries)
    write_catalogue(catalogues_in, "en_GB", 'msgid "Nothing."\nmsgstr "Nothing at all."\n')
    write_catalogue(
        catalogues_in,
        "ru",
        _RUSSIAN,
        "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);",
    )


def test_english_is_the_sentence_itself() -> None:
    assert render(text("{n} of {name}", n=3, name="Mia")) == "3 of Mia"
    assert str(text("{n} of {name}", n=3, name="Mia")) == "3 of Mia"


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("de", "Nichts."),
        ("de-AT", "Nichts."),
        ("en-GB", "Nothing at all."),
        ("en-US", "Nothing."),
        ("fr", "Nothing."),
    ],
)
def test_a_sentence_is_put_into_the_readers_language(locale: str, words: str) -> None:
    assert render(text("Nothing."), locale) == words


@pytest.mark.usefixtures("written")
def test_a_text_within_a_text_is_translated_too() -> None:
    inner = text("{n} of {name}", n=3, name="Mia")
    assert render(text("{a}!", a=inner), "de") == "3 von Mia!"


@pytest.mark.usefixtures("written")
def test_what_is_not_translated_or_fuzzy_is_english() -> None:
    assert render(text("Untold."), "de") == "Untold."
    assert render(text("Nothing."), "ru") == "Nothing."
    assert render(ntext("{count} clip", "{count} clips", count=2), "ru") == "2 clips"


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(
    ("count", "english", "russian"),
    [
        (1, "1 second", "1 секунда"),
        (3, "3 seconds", "3 секунды"),
        (0, "0 seconds", "0 секунд"),
        (21, "21 seconds", "21 секунда"),
        (1.5, "1.5 seconds", "1,5 секунды"),
        (1200, "1,200 seconds", "1\xa0200 секунд"),
    ],
)
def test_a_number_decides_the_form(count: float, english: str, russian: str) -> None:
    told = ntext("{count} second", "{count} seconds", count=count)
    assert (render(told), render(told, "ru")) == (english, russian)


@pytest.mark.usefixtures("written")
def test_one_english_word_may_mean_two_things() -> None:
    assert render(text("Open"), "ru") == "Открыть"
    assert render(ptext("of a door", "Open"), "ru") == "Открыта"
    assert render(ptext("of a door", "Open"), "de") == "Open"


@pytest.mark.usefixtures("written")
def test_a_translation_may_have_lines_and_its_numbers_their_own_signs() -> None:
    assert render(text("It costs {credits}.", credits=1234.5), "ru") == "Это «1\xa0234,5».\nДа."


@pytest.mark.parametrize("language", [None, *catalogues.LANGUAGES])
def test_numbers_are_written_as_unicode_says(language: str | None) -> None:
    locales = {"es": {"es-ES": "es", "es-419": "es_419"}}.get(
        language or "", {(language or "en").replace("_", "-"): language or "en"}
    )
    for locale, name in locales.items():
        for value in (0.0, 7.25, 12.0, 1234.5, 9876543.125, 0.1 + 0.2):
            assert number(value, locale) == format_decimal(value, locale=name)


def test_what_came_from_outside_is_escaped_and_our_own_words_are_not() -> None:
    message = text("look: {name}, {n}, {inner}", name="mia", n=1, inner=text("at {name}", name="bo"))
    assert render(message, escape=shout) == "look: MIA, 1, at BO"
    assert str(message) == "look: mia, 1, at bo"


def test_braces_from_outside_are_not_parameters() -> None:
    assert render(text("“{name}”", name="{secret} {0} {")) == "“{secret} {0} {”"


def test_a_parameter_may_be_called_like_ours() -> None:
    assert str(text("{msgid} {locale} {escape}", msgid="a", locale="b", escape="c")) == "a b c"


def test_what_an_older_version_kept_still_reads() -> None:
    kept = TypeAdapter(Text).validate_json('{"msgid": "{n} of {name}", "params": {"n": 3, "name": "Mia"}}')
    assert kept == text("{n} of {name}", n=3, name="Mia")


def test_it_is_a_value_that_can_be_kept_as_json() -> None:
    message = text("{problem} {n}", problem=text("“{name}”", name="Mia"), n=ntext("{count} s", "{count} ss", count=3.0))
    adapter = TypeAdapter(Text)
    assert adapter.validate_json(adapter.dump_json(message)) == message
    with pytest.raises(FrozenInstanceError):
        message.msgid = "other"  # type: ignore[misc]  # that it cannot be set is the test


def test_a_list_has_the_commas_of_the_language(catalogues_in: Path) -> None:
    write_catalogue(catalogues_in, "ja", 'msgid "{before}, {word}"\nmsgstr "{before}、{word}"\n')
    names: list[str | Text] = ["Ann", text("{count} more", count=2), "@Bo"]
    assert render(listed(names)) == "Ann, 2 more, @Bo"
    assert render(listed(names), "ja") == "Ann、2 more、@Bo"
    assert render(listed(names), "en-US", shout) == "ANN, 2 more, @BO", "what came from outside is escaped"
    assert render(listed(["Ann"]), "ja") == "Ann"
    assert render(listed([]), "ja") == ""
