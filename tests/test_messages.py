"""The translations: what is there says what the English says, fits where it stands, and nothing is left out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from bot import limits
from bot.catalogues import LANGUAGES, path_of
from bot.chat.command_translations import CommandTranslator
from bot.texts import render, text
from messages import command_rules, commands, glossary
from messages.catalogues import load, template, update, written
from messages.collection import collect
from messages.message import Message
from messages.rules import COMPLETE, problems
from tests.catalogues import write_catalogue


@pytest.fixture(scope="module")
def everything() -> list[Message]:
    return asyncio.run(collect())


@cache
def terms() -> Sequence[glossary.Term]:
    return glossary.read(glossary.PATH.read_text("utf-8"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_translated_says_the_same_and_fits(everything: list[Message], language: str) -> None:
    complete = language in COMPLETE
    found = list(problems(load(language), everything, terms(), complete=complete))
    assert not found, f"python -m messages check {language}"


async def test_discord_takes_the_commands_in_every_language() -> None:
    told = await commands.payload(await commands.client(), CommandTranslator())
    assert len(told) > 5
    assert not list(command_rules.problems(told))


def test_every_sentence_of_the_code_is_collected(everything: list[Message]) -> None:
    found = {each.key: each for each in everything}
    assert len(found["", "Cancel"].files) > 1
    assert "bot/texts.py" in found["", "{before}, {word}"].files
    assert any(each.plural for each in everything)
    for key in (("command", "character"), ("command", "create"), ("option", "range"), ("menu", "Make a character")):
        assert key in found
    assert {context for context, _ in found} >= {"", "command", "option", "menu", "choice", "description"}


def test_room_is_found_where_a_sentence_stands(everything: list[Message]) -> None:
    room = {each.msgid: each.at_most for each in everything if not each.context}
    assert room["Cancel"] == limits.BUTTON_LABEL
    assert room["Use {offered} ({count} credit)"] == limits.BUTTON_LABEL, "a function's, through a local name"
    assert room["Shorter"] == limits.BUTTON_LABEL, "out of a table"
    assert room["Rename this character"] == limits.MODAL_TITLE
    assert room["Permission"] == limits.FORM_LABEL
    assert room["Open one…"] == limits.SELECT_PLACEHOLDER
    for each in everything:
        assert each.at_most is None or len(each.plural or each.msgid) <= each.at_most


# -- The rules themselves ------------------------------------------------------------------------------------------

SENTENCE = Message("See {name} in /video list <t:{at}:R>.")
COMMAND = Message("video", context="command", at_most=32)
COUNTED = Message("{count} video", plural="{count} videos")
OPTION = Message("range", context="option", at_most=32)
NAMING = Message("Give them in the option **range**, or press “Cancel”.")
SIZED = Message("{used} MB")
RULES = [SENTENCE, COMMAND, COUNTED, OPTION, NAMING, SIZED, Message("Cancel", at_most=8)]
GOOD: dict[tuple[str, str], str | tuple[str, ...]] = {
    SENTENCE.key: "Смотрите {name} в /video list <t:{at}:R>.",
    COMMAND.key: "видео",
    COUNTED.key: ("{count} видео", "{count} видео", "{count} видео"),
    OPTION.key: "отрезок",
    NAMING.key: "Укажите их в параметре **отрезок** или нажмите «Отмена».",
    SIZED.key: "{used}\xa0МБ",
    ("", "Cancel"): "Отмена",
}


def russian(changes: Mapping[tuple[str, str], str | tuple[str, ...]]) -> Catalog:
    catalogue = Catalog(locale="ru", fuzzy=False)
    catalogue.update(template([*RULES, COMMAND_LIST]))
    for (context, msgid), said in {**GOOD, **changes}.items():
        entry = catalogue.get(msgid, context or None)
        assert entry is not None
        entry.string = said if isinstance(said, str) else list(said)
    return catalogue


COMMAND_LIST = Message("list", context="command", at_most=32)


def wrong(changes: Mapping[tuple[str, str], str | tuple[str, ...]], *, complete: bool = True) -> list[str]:
    return list(
        problems(russian({COMMAND_LIST.key: "список", **changes}), [*RULES, COMMAND_LIST], terms(), complete=complete)
    )


def test_a_good_translation_passes() -> None:
    assert not wrong({})


@pytest.mark.parametrize(
    ("key", "said", "told"),
    [
        (("", "Cancel"), "", "not translated"),
        (("", "Cancel"), "Отменить всё", "12 characters of 8"),
        (("", "Cancel"), "Отмена ", "blanks"),
        (SENTENCE.key, "Смотрите в /video list <t:{at}:R>.", "placeholders"),
        (SENTENCE.key, "Смотрите {name} и {names} в /video list <t:{at}:R>.", "placeholders"),
        (SENTENCE.key, "Смотрите {name} в /видео список <t:{at}:R>.", "/video list"),
        (SENTENCE.key, "Смотрите {name} в /video list {at}.", "<t:{at}:R>"),
        (SENTENCE.key, "Смотрите **{name}** в /video list <t:{at}:R>.", "**"),
        (COUNTED.key, ("{count} видео", "{count} видео", ""), "not translated"),
        (COUNTED.key, ("видео", "{count} видео", "{count} видео"), "placeholders"),  # 21 takes that form, too
        (COUNTED.key, ("{count} ролик", "{count} ролика", "{count} роликов"), "“video” is not said"),
        (NAMING.key, "Укажите их в параметре **range** или нажмите «Отмена».", "**отрезок**"),
        (NAMING.key, "Укажите их в параметре **отрезок** или нажмите «Отменить».", "Отмена"),
        (SIZED.key, "{used} МБ", "no-break space"),
        (COMMAND.key, "Видео", "no name"),
        (COMMAND.key, "мои видео", "no name"),
    ],
)
def test_what_is_wrong_is_found(key: tuple[str, str], said: str | tuple[str, ...], told: str) -> None:
    assert any(told in problem for problem in wrong({key: said}))


def test_what_is_not_there_yet_is_wrong_of_complete_languages_only() -> None:
    assert not wrong({("", "Cancel"): ""}, complete=False)
    assert wrong({("", "Cancel"): "Отменить всё"}, complete=False)


def test_fuzzy_is_not_translated() -> None:
    catalogue = russian({COMMAND_LIST.key: "список"})
    entry = catalogue.get("Cancel")
    assert entry is not None
    entry.flags.add("fuzzy")
    (told,) = problems(catalogue, [*RULES, COMMAND_LIST], terms(), complete=True)
    assert "fuzzy" in told


def test_a_comment_allows_another_word() -> None:
    catalogue = russian(
        {COMMAND_LIST.key: "список", COUNTED.key: ("{count} ролик", "{count} ролика", "{count} роликов")}
    )
    entry = catalogue.get("{count} video")
    assert entry is not None
    entry.user_comments = ["glossary: video"]
    assert not list(problems(catalogue, [*RULES, COMMAND_LIST], terms(), complete=True))


def test_two_options_of_one_name_are_found() -> None:
    options = [{"name": name, "name_localizations": {"ru": "имя"}} for name in ("name", "title")]
    (told,) = command_rules.problems([{"name": "show", "description": "Show.", "options": options}])
    assert "'имя' 2 times in ru" in told
    (told,) = command_rules.problems(
        [{"name": "show", "description": "x", "description_localizations": {"ru": "я" * 8000}}]
    )
    assert "8004 characters" in told


def test_catalogues_change_with_the_sentences_only(catalogues_in: Path) -> None:
    list(update(RULES, ["ru"]))
    first = path_of("ru").read_text("utf-8")
    assert "plural=" in first
    assert "Date" not in first
    list(update(RULES, ["ru"]))
    assert path_of("ru").read_text("utf-8") == first
    list(update([*RULES[:2], Message("{count} videos", plural="{count} videos in all"), RULES[3]], ["ru"]))
    assert "fuzzy" not in path_of("ru").read_text("utf-8"), "there is nothing to read again"
    list(update(RULES, ["ru"]))
    done = load("ru")
    entry = done.get("Cancel")
    assert entry is not None
    entry.string = "Отмена"
    path_of("ru").write_text(written(done), "utf-8")
    list(update([*RULES[:3], Message("Cancel it")], ["ru"]))
    changed = load("ru").get("Cancel it")
    assert changed is not None
    assert (changed.string, changed.fuzzy) == ("Отмена", True)
    assert load("ru").get("Cancel") is None


def test_an_entry_that_cannot_be_read_is_an_error(catalogues_in: Path) -> None:
    write_catalogue(catalogues_in, "ru", 'msgid "Cancel"\nmsgstr "Отмена\n')
    with pytest.raises(ValueError, match="Unterminated"):
        render(text("Cancel"), "ru")
