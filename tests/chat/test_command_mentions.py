"""Commands in our own sentences can be clicked; what somebody typed stays what they typed."""

from typing import Any

import discord
import pytest
from discord import app_commands
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.command_mentions import PLAIN, mentions, mentions_of
from bot.chat.markdown import escape, say
from bot.texts import text

COMMANDS = {
    "character create": "</character create:1>",
    "character list": "</character list:1>",
    "tasks": "</tasks:2>",
}


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
    assert mentions(commands, {"character": 1, "tasks": 2, "help": 3}) == {
        "character create": "</character create:1>",
        "tasks": "</tasks:2>",
    }
    assert mentions(commands, {"tasks": 2}) == {"tasks": "</tasks:2>"}
    assert mentions(commands, {}) == {}


def test_a_client_without_commands_mentions_none() -> None:
    assert mentions_of(discord.Client(intents=discord.Intents.none())) == PLAIN
