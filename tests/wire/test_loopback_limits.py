"""The limits of a message that the loopback Discord checks: each exceeded by one, and the same body just below it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.wire.conftest import World

Path = tuple[str | int, ...]
TOO_LONG, BAD_LENGTH, REQUIRED = "BASE_TYPE_MAX_LENGTH", "BASE_TYPE_BAD_LENGTH", "BASE_TYPE_REQUIRED"


def embed(**parts: Any) -> dict[str, Any]:
    return {"embeds": [{"title": "t", **parts}]}


def button(number: int = 0, **parts: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "Go", "custom_id": f"id{number}", **parts}


def link(**parts: Any) -> dict[str, Any]:
    return {"type": 2, "style": 5, "label": "Go", "url": "https://example.com", **parts}


def row(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(parts)}


def rows(*listed: dict[str, Any]) -> dict[str, Any]:
    return {"components": list(listed)}


def select(count: int = 1, **parts: Any) -> dict[str, Any]:
    listed = [{"label": f"l{number}", "value": f"v{number}"} for number in range(count)]
    return {"type": 3, "custom_id": "pick", "options": listed, **parts}


def fields(count: int, **parts: Any) -> dict[str, Any]:
    return embed(fields=[{"name": "n", "value": "v", **parts}] * count)


MESSAGES: list[tuple[dict[str, Any], dict[str, Any], Path, str]] = [
    ({"content": "x" * 2000}, {"content": "x" * 2001}, ("content",), TOO_LONG),
    ({"content": "x", "nonce": "n" * 25}, {"content": "x", "nonce": "n" * 26}, ("nonce",), TOO_LONG),
    ({"content": "x", "nonce": 5}, {"content": "x", "nonce": []}, ("nonce",), "NONCE_TYPE_INVALID_TYPE"),
    ({"embeds": [{"title": "t"}] * 10}, {"embeds": [{"title": "t"}] * 11}, ("embeds",), BAD_LENGTH),
    (embed(title="x" * 256), embed(title="x" * 257), ("embeds", 0, "title"), TOO_LONG),
    (embed(description="x" * 4096), embed(description="x" * 4097), ("embeds", 0, "description"), TOO_LONG),
    ({"embeds": [{"title": "t"}]}, {"embeds": [{}]}, ("embeds", 0, "description"), REQUIRED),
    (embed(color=0xFFFFFF), embed(color=0x1000000), ("embeds", 0, "color"), "NUMBER_TYPE_MAX"),
    (fields(25), fields(26), ("embeds", 0, "fields"), BAD_LENGTH),
    (fields(1, name="x" * 256), fields(1, name="x" * 257), ("embeds", 0, "fields", 0, "name"), BAD_LENGTH),
    (fields(1, value="x" * 1024), fields(1, value="x" * 1025), ("embeds", 0, "fields", 0, "value"), BAD_LENGTH),
    (fields(1, value="x"), fields(1, value=""), ("embeds", 0, "fields", 0, "value"), REQUIRED),
    (
        embed(footer={"text": "x" * 2048}),
        embed(footer={"text": "x" * 2049}),
        ("embeds", 0, "footer", "text"),
        BAD_LENGTH,
    ),
    (
        embed(author={"name": "x" * 256}),
        embed(author={"name": "x" * 257}),
        ("embeds", 0, "author", "name"),
        BAD_LENGTH,
    ),
    (
        {"embeds": [{"description": "x" * 3000}] * 2},
        {"embeds": [{"description": "x" * 3000}, {"description": "x" * 3001}]},
        ("embeds",),
        "MAX_EMBED_SIZE_EXCEEDED",
    ),
    (
        embed(image={"url": "https://example.com/a.png"}),
        embed(image={"url": "javascript:alert(1)"}),
        ("embeds", 0, "image", "url"),
        "URL_TYPE_INVALID_SCHEME",
    ),
    (embed(url="https://example.com"), embed(url="https://"), ("embeds", 0, "url"), "URL_TYPE_INVALID_URL"),
    (embed(url="https://example.com"), embed(url="ftp://a.b"), ("embeds", 0, "url"), "URL_TYPE_INVALID_SCHEME"),
    (
        rows(*[row(button(number)) for number in range(5)]),
        rows(*[row(button(number)) for number in range(6)]),
        ("components",),
        BAD_LENGTH,
    ),
    (
        rows(row(*[button(number) for number in range(5)])),
        rows(row(*[button(number) for number in range(6)])),
        ("components", 0, "components"),
        BAD_LENGTH,
    ),
    (rows(row(button())), rows(row()), ("components", 0, "components"), BAD_LENGTH),
    (rows(row(button())), rows(button()), ("components", 0), "UNION_TYPE_CHOICES"),
    (rows(row(button())), rows(row(button(type=4))), ("components", 0, "components", 0), "UNION_TYPE_CHOICES"),
    (
        rows(row(button(label="x" * 80))),
        rows(row(button(label="x" * 81))),
        ("components", 0, "components", 0, "label"),
        TOO_LONG,
    ),
    (
        rows(row(button(label=None, emoji={"name": "x"}))),
        rows(row(button(label=None))),
        ("components", 0, "components", 0),
        "BUTTON_COMPONENT_INVALID",
    ),
    (
        rows(row(button(style=4))),
        rows(row(button(style=7))),
        ("components", 0, "components", 0, "style"),
        "BASE_TYPE_CHOICES",
    ),
    (
        rows(row(button(custom_id="x" * 100))),
        rows(row(button(custom_id="x" * 101))),
        ("components", 0, "components", 0, "custom_id"),
        BAD_LENGTH,
    ),
    (
        rows(row(button(0), button(1))),
        rows(row(button(0), button(0))),
        ("components", 0, "components", 1, "custom_id"),
        "COMPONENT_CUSTOM_ID_DUPLICATED",
    ),
    (rows(row(link())), rows(row(link(url=None))), ("components", 0, "components", 0, "url"), REQUIRED),
    (
        rows(row(link())),
        rows(row(link(url="javascript:x"))),
        ("components", 0, "components", 0, "url"),
        "URL_TYPE_INVALID_SCHEME",
    ),
    (
        rows(row(link())),
        rows(row(link(custom_id="x"))),
        ("components", 0, "components", 0),
        "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
    ),
    (rows(row(select(25))), rows(row(select(26))), ("components", 0, "components", 0, "options"), BAD_LENGTH),
    (
        rows(row(select()), row(button())),
        rows(row(select(), button())),
        ("components", 0, "components"),
        "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
    ),
    (
        rows(row(select(2, max_values=2))),
        rows(row(select(2, max_values=3))),
        ("components", 0, "components", 0, "options"),
        "SELECT_COMPONENT_MAX_VALUES_EXCEEDS_OPTIONS",
    ),
    (
        rows(row(select(placeholder="x" * 150))),
        rows(row(select(placeholder="x" * 151))),
        ("components", 0, "components", 0, "placeholder"),
        TOO_LONG,
    ),
    (
        rows(row(select(options=[{"label": "a", "value": "1"}, {"label": "a", "value": "2"}]))),
        rows(row(select(options=[{"label": "a", "value": "1"}, {"label": "b", "value": "1"}]))),
        ("components", 0, "components", 0, "options", 1, "value"),
        "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
    ),
    (
        rows(row(select(options=[{"label": "x" * 100, "value": "1"}]))),
        rows(row(select(options=[{"label": "x" * 101, "value": "1"}]))),
        ("components", 0, "components", 0, "options", 0, "label"),
        BAD_LENGTH,
    ),
    ({"content": "x"}, {"content": ["x"]}, ("content",), "STRING_TYPE_CONVERT"),
    ({"embeds": [{"title": "t"}]}, {"embeds": {"title": "t"}}, ("embeds",), "LIST_TYPE_CONVERT"),
    ({"embeds": [{"title": "t"}]}, {"embeds": ["t"]}, ("embeds", 0), "MODEL_TYPE_CONVERT"),
]


@pytest.mark.parametrize(("good", "bad", "path", "code"), MESSAGES)
async def test_the_limits_of_a_message(world: World, good: Any, bad: Any, path: Path, code: str) -> None:
    assert (await world.post(good)).status == 200
    assert (await world.post(bad)).complaint(*path) == code
    assert len(world.channel.messages) == 1


async def test_the_same_limits_hold_for_answers_edits_and_follow_ups(world: World) -> None:
    interaction = await world.cast()
    too_long = {"content": "x" * 2001}
    assert (await world.bot.answer(interaction, 4, too_long)).complaint("content") == TOO_LONG
    assert (await world.bot.answer(interaction, 4, {"content": "x"})).status == 200
    own = f"{world.messages}/{interaction.answer.id}"
    for method, path in (
        ("POST", world.bot.hook(interaction)),
        ("PATCH", world.bot.original(interaction)),
        ("PATCH", own),
    ):
        assert (await world.bot.call(method, path, too_long)).complaint("content") == TOO_LONG
    assert interaction.answer.text == "x"


@pytest.mark.parametrize("body", [{}, {"content": ""}, {"content": None, "embeds": [], "components": []}])
async def test_an_empty_message_is_50006(world: World, body: Any) -> None:
    assert (await world.post(body)).refusal == (400, 50006)
    interaction = await world.cast()
    assert (await world.bot.answer(interaction, 4, body)).refusal == (400, 50006)
    await world.bot.answer(interaction, 4, {"content": "x"})
    emptied = {"content": "", "embeds": []}
    assert (await world.bot.call("PATCH", world.bot.original(interaction), emptied)).refusal == (400, 50006)


async def test_ten_files_at_most(world: World) -> None:
    files = {f"{number}.txt": b"x" for number in range(11)}
    assert (await world.post({}, files=files)).complaint("attachments") == BAD_LENGTH
    files.popitem()
    assert (await world.post({}, files=files)).status == 200
