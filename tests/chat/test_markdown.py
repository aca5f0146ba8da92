"""Whatever somebody calls something, it is shown letter by letter; our own commands can be clicked."""

import re
from pathlib import Path
from typing import Any

import discord
import pytest
from discord import app_commands
from hypothesis import example, given
from hypothesis import strategies as st

from bot import limits
from bot.chat.markdown import PLAIN, code_block, command_mentions, escape, mentions_of, paragraph, plain, say
from bot.texts import text
from tests.catalogues import write_catalogue

COMMANDS = {
    "character create": "</character create:1>",
    "character list": "</character list:1>",
    "tasks": "</tasks:2>",
}
HOSTILE = st.text(max_size=400) | st.text(alphabet="\\`*_~|<>#[]()@:/-+.1\u202e\n \u200b", max_size=60)
SIGN = r"\\([^0-9A-Za-z\s])"


@given(HOSTILE)
@example("@everyone")
@example("- a list")
@example("12. a list")
@example("https://evil.example")
@example("\ud800")
def test_escaped_text_means_nothing_to_discord(value: str) -> None:
    shown = escape(value)
    bare = re.sub(SIGN, "", shown)
    assert not set(bare) & set("\\`*_~|<>#[]()")
    assert not re.search(r"@(?!\u200b)", shown)
    assert "://" not in bare
    assert not re.match(r"[-+]|[0-9]+\.", shown)
    assert "\n" not in shown
    assert not set(shown) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068")
    shown.encode()  # Discord takes UTF-8


@given(HOSTILE)
def test_escapes_can_be_taken_off_again(value: str) -> None:
    # What a reader sees: a backslash shows the sign after it.
    seen = re.sub(SIGN, r"\1", escape(value))
    assert seen.replace("@\u200b", "@") == plain(value, limits.PARAM_LENGTH)


@given(HOSTILE, st.integers(1, 300))
def test_plain_is_one_line_that_fits(value: str, limit: int) -> None:
    assert len(plain(value, limit)) <= limit
    assert "\n" not in plain(value, limit)


@given(HOSTILE)
def test_code_block_cannot_be_left(value: str) -> None:
    assert code_block(value).count("```") == 2


def test_ordinary_names_stay_as_they_are() -> None:
    for name in ("Ada", "Żółć 2", "家族", "👩‍👩‍👧", "it's me, Ada!", "sora-2-pro"):
        assert escape(name) == name


@pytest.mark.parametrize("depth", [0, 1])
def test_say_escapes_parameters_and_not_the_sentence(depth: int) -> None:
    inner = text("**{name}**", name="*a*")
    message = text("_{inner}_ {number}", inner=inner, number=3) if depth else inner
    assert say(message, "en-GB") == (r"_**\*a\***_ 3" if depth else r"**\*a\***")


# -- our own commands ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("Begin with /character create.", "Begin with </character create:1>."),
        ("/tasks, /character list", "</tasks:2>, </character list:1>"),
        ("See /tasksets or /character.", "See /tasksets or /character."),
        ("https://example.org/tasks and </tasks:9>", "https://example.org/tasks and </tasks:9>"),
    ],
)
def test_our_own_words_name_commands_that_can_be_clicked(sentence: str, shown: str) -> None:
    assert say(text(sentence), "en-GB", COMMANDS) == shown
    assert say(text(sentence), "en-GB") == sentence


def test_beside_a_command_may_stand_letters_without_a_blank(catalogues_in: Path) -> None:
    write_catalogue(catalogues_in, "ja", 'msgid "See /tasks."\nmsgstr "詳しくは/tasksを。"\n')
    assert say(text("See /tasks."), "ja", COMMANDS) == "詳しくは</tasks:2>を。"


def test_sentences_have_a_blank_between_them_where_their_language_has_one(catalogues_in: Path) -> None:
    write_catalogue(catalogues_in, "zh_CN", 'msgid "Yes."\nmsgstr "是。"\n')
    twice = [text("Yes."), text("Yes.")]
    assert (paragraph(twice, "en-US"), paragraph(twice, "zh-CN")) == ("Yes. Yes.", "是。是。")


@given(st.text(max_size=60) | st.sampled_from(["/tasks", "\0/tasks\0", "a /character create b"]))
def test_what_came_from_outside_is_never_a_mention(value: str) -> None:
    inner = text("“{value}” /tasks", value=value)
    said = say(text("{inner} {value}/character list", inner=inner, value=value), "en-GB", COMMANDS)
    assert said == f"“{escape(value)}” </tasks:2> {escape(value)}</character list:1>"


async def nothing(interaction: discord.Interaction[Any]) -> None: ...


def test_only_what_can_be_called_and_has_an_id_is_mentioned() -> None:
    group = app_commands.Group(name="character", description="d")
    group.add_command(app_commands.Command(name="create", description="d", callback=nothing))
    alone = app_commands.Command[Any, Any, None](name="tasks", description="d", callback=nothing)
    commands = [group, *group.walk_commands(), alone]
    assert command_mentions(commands, {"character": 1, "tasks": 2, "help": 3}) == {
        "character create": "</character create:1>",
        "tasks": "</tasks:2>",
    }
    assert command_mentions(commands, {"tasks": 2}) == {"tasks": "</tasks:2>"}
    assert command_mentions(commands, {}) == {}


def test_a_client_without_commands_mentions_none() -> None:
    assert mentions_of(discord.Client(intents=discord.Intents.none())) == PLAIN
