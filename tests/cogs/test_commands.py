"""What Discord is told about our commands, held against the rules it refuses commands by (simcord does not)."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from typing import Any

import discord
import pytest
from discord import app_commands

import cogs
from tests.cogs.bot_harness import AppHarness
from tests.loopback_discord.api_errors import ApiError
from tests.loopback_discord.command_rules import check_commands

NAME = re.compile(r"[-_'\w]{1,32}")  # Application command naming, for everything but menus
SUBCOMMAND, GROUP = 1, 2

Payload = dict[str, Any]


OPERATORS = discord.Object(7)


@pytest.fixture
async def payloads(harness: AppHarness) -> list[Payload]:
    """Those for everybody, and those of the operator's server."""
    harness.change(discord={"dev_guild": OPERATORS.id})
    tree = (await harness.bot()).tree
    return [command.to_dict(tree) for place in (None, OPERATORS) for command in tree.get_commands(guild=place)]


def walk(payloads: list[Payload]) -> Iterator[Payload]:
    for each in payloads:
        yield each
        yield from walk(each.get("options", []))


async def test_the_map_of_the_commands_says_where_the_code_of_each_is(harness: AppHarness) -> None:
    harness.change(discord={"dev_guild": OPERATORS.id})
    tree = (await harness.bot()).tree
    found: dict[str, set[str]] = {}
    for place in (None, OPERATORS):
        for kind in (discord.AppCommandType.chat_input, discord.AppCommandType.message):
            for command in tree.walk_commands(guild=place, type=kind):
                if isinstance(command, app_commands.Command):
                    found.setdefault(command.callback.__module__, set()).add(f"/{command.qualified_name}")
                elif isinstance(command, app_commands.ContextMenu):
                    found.setdefault(command.callback.__module__, set()).add(command.qualified_name)
    lines = (cogs.__doc__ or "").replace("\n  ", " ").splitlines()
    told = [re.findall(r"``([^`]+)``", line) for line in lines if line.startswith("- ")]
    assert {module: set(names) for module, *names in told} == found
    for module in re.findall(r"``(cogs[\w.]*)``", cogs.__doc__ or ""):
        importlib.import_module(module)


async def test_they_are_the_commands_of_the_design(payloads: list[Payload]) -> None:
    by_name = {each["name"]: each for each in payloads}
    whole = {"character", "group", "video", "privacy", "server", "operator"}
    assert set(by_name) == whole | {"tasks", "help", "about", "Make a character"}
    groups = {name: {each["name"]: each.get("options", []) for each in by_name[name]["options"]} for name in whole}
    options = {f"{group} {name}": given for group, commands in groups.items() for name, given in commands.items()}
    assert {name: [option["name"] for option in given] for name, given in options.items()} == {
        "character create": ["video", "link", "task", "range", "name", "model", "private"],
        "character new": [],
        "character preview": ["video", "link"],
        "character list": ["search", "sort", "group"],
        "character show": ["name"],
        "character edit": ["name"],
        "character rename": ["name", "new_name"],
        "character default": ["name"],
        "character delete": ["name"],
        "character lend": ["name", "to", "server", "uses", "until"],
        "character take-back": ["name", "from", "server"],
        "character borrowed": [],
        "character ask-consent": ["name", "person"],
        "character export": ["name", "group"],
        "character import": ["file", "link"],
        "group create": ["name", "character"],
        "group add": ["group", "character"],
        "group remove": ["group", "character"],
        "group show": ["group"],
        "group rename": ["group", "new_name"],
        "group delete": ["group"],
        "video create": [
            *("prompt", "character", "character2", "character3", "character4"),
            *("model", "duration", "ratio", "resolution", "private"),
        ],
        "video new": [],
        "video list": [],
        "privacy export": [],
        "privacy delete": [],
        "server settings": [
            "day_limit",
            "video_limit",
            "private_results",
            "switch_off",
            "switch_on",
            "block",
            "unblock",
        ],
        "operator block": ["user"],
        "operator unblock": ["user"],
        "operator resume": [],
        "operator health": [],
    }
    required = {name: [each["name"] for each in given if each.get("required")] for name, given in options.items()}
    assert {name: given for name, given in required.items() if given} == {
        "character show": ["name"],
        "character edit": ["name"],
        "character rename": ["name", "new_name"],
        "character delete": ["name"],
        "character lend": ["name"],
        "character take-back": ["name"],
        "character ask-consent": ["name", "person"],
        "group create": ["name"],
        "group add": ["group", "character"],
        "group remove": ["group", "character"],
        "group rename": ["group", "new_name"],
        "group delete": ["group"],
        "video create": ["prompt"],
        "operator block": ["user"],
        "operator unblock": ["user"],
    }


async def test_settings_are_a_number_a_switch_channels_and_members_for_managers(payloads: list[Payload]) -> None:
    (server,) = [each for each in payloads if each["name"] == "server"]
    assert server["default_member_permissions"] == discord.Permissions(manage_guild=True).value
    (settings,) = server["options"]
    kinds = {option["name"]: option["type"] for option in settings["options"]}
    kinds_of_values = {"private_results": 5, "switch_off": 7, "switch_on": 7, "block": 6, "unblock": 6}
    assert kinds == {"day_limit": 4, "video_limit": 4} | kinds_of_values
    (day_limit,) = [option for option in settings["options"] if option["name"] == "day_limit"]
    assert (day_limit["min_value"], day_limit["max_value"]) == (0, 100_000)
    threads = {10, 11, 12}
    assert all(not threads & set(option.get("channel_types", ())) for option in settings["options"])


async def test_what_is_of_one_server_alone_is_told_of_it_alone(harness: AppHarness) -> None:
    harness.change(discord={"dev_guild": OPERATORS.id})
    tree = (await harness.bot()).tree
    assert [command.name for command in tree.get_commands(guild=OPERATORS)] == ["operator"]
    assert "operator" not in {command.name for command in tree.get_commands()}


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
        in_servers_alone = each["name"] in {"server", "operator"}
        assert sorted(each["contexts"]) == ([0] if in_servers_alone else [0, 1, 2]), each["name"]
        assert sorted(each["integration_types"]) == ([0] if in_servers_alone else [0, 1]), each["name"]


async def test_a_strict_server_takes_them_and_would_not_take_others(payloads: list[Payload]) -> None:
    check_commands(payloads)
    for index, each in enumerate(payloads):
        with pytest.raises(ApiError) as refused:
            check_commands([*payloads[:index], each | {"name": ""}, *payloads[index + 1 :]])
        assert (refused.value.code, list(refused.value.body["errors"])) == (50035, [str(index)])


async def test_all_of_them_together_are_within_discords_size(payloads: list[Payload]) -> None:
    for each in payloads:
        size = sum(len(part["name"]) + len(part.get("description") or "") for part in walk([each]))
        assert size <= 8000, each["name"]


async def test_more_models_than_discord_shows_are_cut(harness: AppHarness) -> None:
    harness.change(toapis={"models": tuple(f"model-{number}" for number in range(30))})
    client = await harness.bot()
    group = client.tree.get_command("character")
    assert isinstance(group, app_commands.Group)
    create = group.get_command("create")
    assert isinstance(create, app_commands.Command)
    complete = create._params["model"].autocomplete
    assert callable(complete)
    assert len(await complete(create.binding, None, "")) == 25
