"""What Discord is told about our commands, held against the rules it refuses commands by (simcord does not)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from cogs.characters import Characters
from tests.cogs.stage import House

NAME = re.compile(r"[-_'\w]{1,32}")  # Application command naming, for everything but menus
SUBCOMMAND, GROUP = 1, 2

Payload = dict[str, Any]


@pytest.fixture
async def payloads(house: House) -> list[Payload]:
    tree = (await house.bot()).tree
    return [command.to_dict(tree) for command in tree.get_commands()]


def walk(payloads: list[Payload]) -> Iterator[Payload]:
    for each in payloads:
        yield each
        yield from walk(each.get("options", []))


async def test_they_are_the_commands_of_the_design(payloads: list[Payload]) -> None:
    by_name = {each["name"]: each for each in payloads}
    assert set(by_name) == {"character", "tasks", "help", "about", "Make a character"}
    options = {each["name"]: each.get("options", []) for each in by_name["character"]["options"]}
    assert {name: [option["name"] for option in given] for name, given in options.items()} == {
        "create": ["video", "link", "task", "range", "name", "model", "private"],
        "preview": ["video", "link"],
        "list": ["search", "sort"],
        "show": ["name"],
        "rename": ["name", "new_name"],
        "delete": ["name"],
    }
    required = {name: [each["name"] for each in given if each.get("required")] for name, given in options.items()}
    assert required == {
        "create": [],
        "preview": [],
        "list": [],
        "show": ["name"],
        "rename": ["name", "new_name"],
        "delete": ["name"],
    }


async def test_names_and_descriptions_are_what_discord_takes(payloads: list[Payload]) -> None:
    menus = [each for each in payloads if each["type"] == 3 and "options" not in each and " " in each["name"]]
    assert [each["name"] for each in menus] == ["Make a character"]
    for each in walk([each for each in payloads if each not in menus]):
        assert NAME.fullmatch(each["name"]), each["name"]
        assert each["name"] == each["name"].lower()
        assert 1 <= len(each["description"]) <= 100, each["name"]
        assert each["description"] != "…", each["name"]  # what discord.py puts where none was given
    for menu in menus:
        assert 1 <= len(menu["name"]) <= 32
        assert not menu.get("description")


async def test_options_are_few_distinct_and_required_first(payloads: list[Payload]) -> None:
    for each in walk(payloads):
        options = each.get("options", [])
        assert len(options) <= 25
        assert len({option["name"] for option in options}) == len(options)
        required = [bool(option.get("required")) for option in options]
        assert required == sorted(required, reverse=True), each["name"]
        choices = each.get("choices", [])
        assert len(choices) <= 25
        assert all(1 <= len(choice["name"]) <= 100 for choice in choices)
        assert all(1 <= len(choice["value"]) <= 100 for choice in choices)
        assert not (choices and each.get("autocomplete"))


async def test_they_can_be_used_in_servers_and_in_private(payloads: list[Payload]) -> None:
    for each in payloads:
        assert sorted(each["contexts"]) == [0, 1, 2], each["name"]
        assert sorted(each["integration_types"]) == [0, 1], each["name"]


async def test_all_of_them_together_are_within_discords_size(payloads: list[Payload]) -> None:
    for each in payloads:
        size = sum(len(part["name"]) + len(part.get("description") or "") for part in walk([each]))
        assert size <= 8000, each["name"]


async def test_more_models_than_discord_shows_are_cut(house: House) -> None:

    models = [f"model-{number}" for number in range(30)]
    cog = Characters(intake=house.intake, clock=house.clock, models=models, default_model=models[0], max_bytes=1)
    create = cog.group.get_command("create")
    (model,) = [each for each in create.parameters if each.name == "model"]  # type: ignore[union-attr]  # a Command
    assert len(model.choices) == 25
