"""The limits of forms, autocompletions and commands that the loopback Discord checks: exceeded by one, or just met."""

from __future__ import annotations

from typing import Any

import pytest

from tests.wire.conftest import World, command, option

Path = tuple[str | int, ...]
TOO_LONG, BAD_LENGTH, REQUIRED = "BASE_TYPE_MAX_LENGTH", "BASE_TYPE_BAD_LENGTH", "BASE_TYPE_REQUIRED"
BUTTON = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}
SELECT = {"type": 3, "custom_id": "pick", "options": [{"label": "a", "value": "a"}]}


def row(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(parts)}


def text(number: int = 0, **parts: Any) -> dict[str, Any]:
    return {"type": 4, "style": 1, "label": "Name", "custom_id": f"id{number}", **parts}


def form(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"title": "Form", "custom_id": "f", "components": list(parts) or [row(text())], **more}


def label(component: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": 18, "label": "Which", "component": component, **more}


FIELD: Path = ("data", "components", 0)
FORMS: list[tuple[dict[str, Any], dict[str, Any], Path, str]] = [
    (form(title="x" * 45), form(title="x" * 46), ("data", "title"), BAD_LENGTH),
    (form(custom_id="x" * 100), form(custom_id="x" * 101), ("data", "custom_id"), BAD_LENGTH),
    (form(), form(components=[]), ("data", "components"), BAD_LENGTH),
    (
        form(*[row(text(number)) for number in range(5)]),
        form(*[row(text(number)) for number in range(6)]),
        ("data", "components"),
        BAD_LENGTH,
    ),
    (form(row(text())), form(row(text(0), text(1))), (*FIELD, "components"), BAD_LENGTH),
    (form(row(text())), form(row(BUTTON)), (*FIELD, "components", 0), "UNION_TYPE_CHOICES"),
    (form({"type": 10, "content": "x"}), form(text()), FIELD, "UNION_TYPE_CHOICES"),
    (
        form(row(text(0)), row(text(1))),
        form(row(text(0)), row(text(0))),
        ("data", "components", 1, "components", 0, "custom_id"),
        "COMPONENT_CUSTOM_ID_DUPLICATED",
    ),
    (
        form(row(text(label="x" * 45))),
        form(row(text(label="x" * 46))),
        (*FIELD, "components", 0, "label"),
        BAD_LENGTH,
    ),
    (
        form(row(text(placeholder="x" * 100))),
        form(row(text(placeholder="x" * 101))),
        (*FIELD, "components", 0, "placeholder"),
        TOO_LONG,
    ),
    (
        form(row(text(value="x" * 32, max_length=32))),
        form(row(text(value="x" * 33, max_length=32))),
        (*FIELD, "components", 0, "value"),
        TOO_LONG,
    ),
    (
        form(row(text(max_length=4000))),
        form(row(text(max_length=4001))),
        (*FIELD, "components", 0, "max_length"),
        "NUMBER_TYPE_MAX",
    ),
    (form(label(text())), form(label(text(), label="x" * 46)), (*FIELD, "label"), BAD_LENGTH),
    (form(label(SELECT)), form(label(text(), description="x" * 101)), (*FIELD, "description"), TOO_LONG),
    (
        form(label({"type": 19, "custom_id": "f"})),
        form(label(BUTTON)),
        (*FIELD, "component"),
        "UNION_TYPE_CHOICES",
    ),
]


@pytest.mark.parametrize(("good", "bad", "path", "code"), FORMS)
async def test_the_limits_of_a_form(world: World, good: Any, bad: Any, path: Path, code: str) -> None:
    interaction = await world.cast()
    assert (await world.bot.answer(interaction, 9, bad)).complaint(*path) == code
    assert (await world.bot.answer(interaction, 9, good)).status == 200


async def test_a_form_with_labels_comes_back_in_labels(world: World) -> None:
    upload = {"type": 19, "custom_id": "clip"}
    interaction = await world.cast()
    await world.bot.answer(interaction, 9, form(label(SELECT), label(upload, label="Clip"), label(text(), label="N")))
    opened = await interaction.opened()
    values = {"Which": ["a"], "Clip": [world.discord.file("clip.mp4", b"film")], "id0": "Zoe"}
    await world.bot.event("INTERACTION_CREATE")
    await world.ann.submit(opened, values)
    data = (await world.bot.event("INTERACTION_CREATE"))["data"]
    pick, clip, name = (part["component"] for part in data["components"])
    assert (pick["values"], name["value"]) == (["a"], "Zoe")
    assert data["resolved"]["attachments"][clip["values"][0]]["filename"] == "clip.mp4"


# -- autocompletion ------------------------------------------------------------------------------------------------


async def typed(world: World, choices: list[dict[str, Any]]) -> Any:
    """The answer to an autocompletion of /cast name with these choices."""
    app = f"/applications/{world.discord.bot.id}/commands"
    await world.bot.call("PUT", app, [command(options=[option("name", autocomplete=True)])])
    interaction = await world.ann.type_into(world.channel, "cast", {"name": "a"}, "name")
    return await world.bot.answer(interaction, 8, {"choices": choices})


@pytest.mark.parametrize(
    ("choices", "path", "code"),
    [
        ([{"name": "x", "value": "x"}] * 26, ("data", "choices"), BAD_LENGTH),
        ([{"name": "x" * 101, "value": "x"}], ("data", "choices", 0, "name"), BAD_LENGTH),
        ([{"name": "", "value": "x"}], ("data", "choices", 0, "name"), REQUIRED),
        ([{"name": "x", "value": "x" * 101}], ("data", "choices", 0, "value"), BAD_LENGTH),
        ([{"name": "x", "value": 5}], ("data", "choices", 0, "value"), "STRING_TYPE_CONVERT"),
    ],
)
async def test_the_limits_of_an_autocompletion(world: World, choices: Any, path: Path, code: str) -> None:
    assert (await typed(world, choices)).complaint(*path) == code


async def test_an_autocompletion_in_its_limits(world: World) -> None:
    assert (await typed(world, [{"name": "x" * 100, "value": "x"}] * 25)).status == 200


# -- commands ------------------------------------------------------------------------------------------------------


def sub(name: str = "create", *options: dict[str, Any]) -> dict[str, Any]:
    return option(name, 1, options=list(options))


def group(name: str, *subs: dict[str, Any]) -> dict[str, Any]:
    return option(name, 2, options=list(subs))


def with_choices(kind: int, *choices: tuple[str, Any]) -> dict[str, Any]:
    return command(options=[option("a", kind, choices=[{"name": name, "value": value} for name, value in choices])])


COMMANDS: list[tuple[list[dict[str, Any]], list[dict[str, Any]], Path, str]] = [
    ([command("a-b_1'ß")], [command("Cast")], (0, "name"), "APPLICATION_COMMAND_INVALID_NAME"),
    ([command("x" * 32)], [command("x" * 33)], (0, "name"), "APPLICATION_COMMAND_INVALID_NAME"),
    ([command("кіно")], [command("two words")], (0, "name"), "APPLICATION_COMMAND_INVALID_NAME"),
    ([command()], [command("")], (0, "name"), "APPLICATION_COMMAND_INVALID_NAME"),
    ([command(description="x" * 100)], [command(description="x" * 101)], (0, "description"), BAD_LENGTH),
    ([command()], [command(description="")], (0, "description"), REQUIRED),
    (
        [command(name_localizations={"de": "rolle"})],
        [command(name_localizations={"de": "Rolle"})],
        (0, "name_localizations", "de"),
        "APPLICATION_COMMAND_INVALID_NAME",
    ),
    (
        [command(f"c{number}") for number in range(100)],
        [command(f"c{number}") for number in range(101)],
        (),
        BAD_LENGTH,
    ),
    (
        [command(), command("cast", type=3, description="")],
        [command(), command()],
        (1, "name"),
        "APPLICATION_COMMANDS_DUPLICATE_NAME",
    ),
    (
        [command("Make it", type=3, description="")],
        [command("Make it", type=3)],
        (0, "description"),
        "APPLICATION_COMMAND_DESCRIPTION_NOT_ALLOWED",
    ),
    (
        [command("Make it", type=3, description="")],
        [command("Make it", type=3, description="", options=[option()])],
        (0, "options"),
        "APPLICATION_COMMAND_OPTIONS_NOT_ALLOWED",
    ),
    (
        [command(options=[option(f"o{number}") for number in range(25)])],
        [command(options=[option(f"o{number}") for number in range(26)])],
        (0, "options"),
        BAD_LENGTH,
    ),
    (
        [command(options=[option("a", required=True), option("b")])],
        [command(options=[option("b"), option("a", required=True)])],
        (0, "options", 1),
        "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
    ),
    (
        [command(options=[option("a"), option("b")])],
        [command(options=[option("a"), option("a")])],
        (0, "options", 1, "name"),
        "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
    ),
    (
        [command(options=[sub("a"), group("b", sub("c"))])],
        [command(options=[sub("a"), option("b")])],
        (0, "options"),
        "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
    ),
    (
        [command(options=[group("a", sub("b", option("c")))])],
        [command(options=[group("a", group("b", sub("c")))])],
        (0, "options", 0, "options", 0, "type"),
        "BASE_TYPE_CHOICES",
    ),
    (
        [command(options=[sub("a", option("B".lower()))])],
        [command(options=[sub("a", option("B"))])],
        (0, "options", 0, "options", 0, "name"),
        "APPLICATION_COMMAND_INVALID_NAME",
    ),
    (
        [with_choices(3, *[(f"n{number}", "v") for number in range(25)])],
        [with_choices(3, *[(f"n{number}", "v") for number in range(26)])],
        (0, "options", 0, "choices"),
        BAD_LENGTH,
    ),
    (
        [with_choices(3, ("a", "1"), ("b", "1"))],
        [with_choices(3, ("a", "1"), ("a", "2"))],
        (0, "options", 0, "choices", 1, "name"),
        "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS",
    ),
    (
        [with_choices(4, ("a", 1))],
        [with_choices(4, ("a", "1"))],
        (0, "options", 0, "choices", 0, "value"),
        "NUMBER_TYPE_COERCE",
    ),
    (
        [command(options=[option("a", 3, autocomplete=True)])],
        [command(options=[option("a", 11, autocomplete=True)])],
        (0, "options", 0, "autocomplete"),
        "APPLICATION_COMMAND_OPTION_TYPE_AUTOCOMPLETE_INVALID",
    ),
    (
        [command(options=[option("a", autocomplete=True)])],
        [command(options=[option("a", autocomplete=True, choices=[{"name": "x", "value": "x"}])])],
        (0, "options", 0, "choices"),
        "APPLICATION_COMMAND_AUTOCOMPLETE_CHOICES",
    ),
    ([command(contexts=[0, 1, 2])], [command(contexts=[0, 3])], (0, "contexts"), "BASE_TYPE_CHOICES"),
    ([command(contexts=[0, 1])], [command(contexts=[0, 0])], (0, "contexts"), "SET_TYPE_ALREADY_CONTAINS_VALUE"),
    (
        [command(options=[option(f"o{number}", description="x" * 100) for number in range(25)])],
        [
            command(
                options=[
                    sub(f"s{number}", *[option(f"o{each}", description="x" * 100) for each in range(20)])
                    for number in range(4)
                ]
            )
        ],
        (0,),
        "APPLICATION_COMMAND_TOO_LARGE",
    ),
]


@pytest.mark.parametrize(("good", "bad", "path", "code"), COMMANDS)
async def test_the_limits_of_commands(world: World, good: Any, bad: Any, path: Path, code: str) -> None:
    path_of_commands = f"/applications/{world.discord.bot.id}/commands"
    before = world.discord.commands
    assert (await world.bot.call("PUT", path_of_commands, bad)).complaint(*path) == code
    assert world.discord.commands is before
    assert (await world.bot.call("PUT", path_of_commands, good)).status == 200
    listed = (await world.bot.call("GET", path_of_commands)).body
    assert [each["name"] for each in listed] == [each["name"] for each in good]


async def test_commands_keep_their_ids(world: World) -> None:
    path = f"/applications/{world.discord.bot.id}/commands"
    first = (await world.bot.call("PUT", path, [command(), command("other")])).body
    again = (await world.bot.call("PUT", path, [command("new"), command()])).body
    assert again[1]["id"] == first[0]["id"]
    assert again[0]["id"] not in {each["id"] for each in first}
    foreign = f"/applications/{world.discord.bot.id + 1}/commands"
    assert (await world.bot.call("PUT", foreign, [])).refusal == (403, 20012)
