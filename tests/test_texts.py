"""Sentences for people: put into words late, in their language, with what came from outside escaped."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from bot import texts
from bot.texts import Text, render, text


def shout(value: str) -> str:
    return value.upper()


def write_catalogue(folder: Path, language: str, messages: dict[str, str]) -> None:
    """A compiled gettext catalogue, as ``msgfmt`` writes it."""
    header = {"": "Content-Type: text/plain; charset=UTF-8\n"}
    entries = sorted((key.encode(), value.encode()) for key, value in (header | messages).items())
    count, offset = len(entries), 28 + 16 * len(entries)
    tables: list[bytes] = []
    strings = b""
    for column in (0, 1):
        for entry in entries:
            tables.append(struct.pack("<II", len(entry[column]), offset + len(strings)))
            strings += entry[column] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, 0)
    target = folder / language / "LC_MESSAGES"
    target.mkdir(parents=True)
    (target / "castbook.mo").write_bytes(head + b"".join(tables) + strings)


@pytest.fixture
def catalogues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """German, and British English on its own."""
    texts._translations.cache_clear()
    write_catalogue(tmp_path, "de", {"{n} of {name}": "{n} von {name}", "Nothing.": "Nichts.", "{a}!": "{a}!"})
    write_catalogue(tmp_path, "en_GB", {"Nothing.": "Nothing at all."})
    monkeypatch.setattr(texts, "_CATALOGUES", tmp_path)
    yield
    texts._translations.cache_clear()


def test_english_is_the_sentence_itself() -> None:
    assert render(text("{n} of {name}", n=3, name="Mia")) == "3 of Mia"
    assert str(text("{n} of {name}", n=3, name="Mia")) == "3 of Mia"


@pytest.mark.usefixtures("catalogues")
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


@pytest.mark.usefixtures("catalogues")
def test_a_text_within_a_text_is_translated_too() -> None:
    inner = text("{n} of {name}", n=3, name="Mia")
    assert render(text("{a}!", a=inner), "de") == "3 von Mia!"


def test_what_came_from_outside_is_escaped_and_our_own_words_are_not() -> None:
    message = text("look: {name}, {n}, {inner}", name="mia", n=1, inner=text("at {name}", name="bo"))
    assert render(message, escape=shout) == "look: MIA, 1, at BO"
    assert str(message) == "look: mia, 1, at bo"


def test_braces_from_outside_are_not_parameters() -> None:
    assert render(text("“{name}”", name="{secret} {0} {")) == "“{secret} {0} {”"


def test_a_parameter_may_be_called_like_ours() -> None:
    assert str(text("{msgid} {locale} {escape}", msgid="a", locale="b", escape="c")) == "a b c"


def test_it_is_a_value_that_can_be_kept_as_json() -> None:
    message = text("{problem} {n}", problem=text("“{name}”", name="Mia"), n=3)
    adapter = TypeAdapter(Text)
    assert adapter.validate_json(adapter.dump_json(message)) == message
    with pytest.raises(FrozenInstanceError):
        message.msgid = "other"  # type: ignore[misc]  # that it cannot be set is the test
