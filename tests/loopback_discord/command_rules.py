"""What Discord checks in the application commands that a bot registers."""

from __future__ import annotations

import unicodedata
from typing import Any

from tests.loopback_discord.api_errors import FormErrors
from tests.loopback_discord.component_rules import check_choice_value

CHAT_INPUT = 1
SUBCOMMAND, GROUP = 1, 2
STRING, INTEGER, NUMBER = 3, 4, 10
MOST = {1: 100, 2: 15, 3: 15}  # of each type: slash commands, user menus, message menus
NAME_PATTERN = r"^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$"


def check_commands(commands: Any) -> None:
    """Raise Discord's 50035 for a bulk overwrite that it would not take."""
    errors = FormErrors()
    seen: set[tuple[int, str]] = set()
    listed = errors.items(commands, sum(MOST.values()))
    for kind, most in MOST.items():
        if sum(command.get("type", CHAT_INPUT) == kind for command in listed) > most:
            errors.add("BASE_TYPE_BAD_LENGTH", f"Must be {most} or fewer in length.")
    for index, command in enumerate(listed):
        kind = command.get("type", CHAT_INPUT)
        with errors.at(index):
            _check_command(errors, command, kind)
            if (kind, command.get("name")) in seen:
                with errors.at("name"):
                    errors.add("APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
        seen.add((kind, command.get("name")))
    errors.check()


def _check_command(errors: FormErrors, command: dict[str, Any], kind: int) -> None:
    with errors.at("contexts"):
        _check_set(errors, command.get("contexts"), frozenset({0, 1, 2}))
    with errors.at("integration_types"):
        _check_set(errors, command.get("integration_types"), frozenset({0, 1}))
    if kind == CHAT_INPUT:
        _check_name_and_description(errors, command)
        _check_options(errors, command.get("options"), depth=0)
        if command_size(command) > 8000:
            errors.add("APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (8000)")
        return
    with errors.at("name"):
        errors.text(command.get("name"), 32, shortest=1)
    if command.get("description"):
        with errors.at("description"):
            errors.add("APPLICATION_COMMAND_DESCRIPTION_NOT_ALLOWED", "Context menu commands cannot have description")
    if command.get("options"):
        with errors.at("options"):
            errors.add("APPLICATION_COMMAND_OPTIONS_NOT_ALLOWED", "Context menu commands cannot have options")


def _check_set(errors: FormErrors, value: Any, allowed: frozenset[int]) -> None:
    listed = errors.items(value, len(allowed), fewest=1) if value is not None else []
    for each in listed:
        errors.choice(each, allowed)
    if len(set(listed)) < len(listed):
        errors.add("SET_TYPE_ALREADY_CONTAINS_VALUE", "The set already contains this value")


def command_size(node: dict[str, Any]) -> int:
    """Characters of all names, descriptions and choice values, which Discord limits to 8000."""
    size = len(str(node.get("name", ""))) + len(str(node.get("description", "")))
    size += sum(len(str(choice.get("name"))) + len(str(choice.get("value"))) for choice in node.get("choices") or [])
    return size + sum(command_size(option) for option in node.get("options") or [])


def good_name(name: Any) -> bool:
    """Letters, digits, `-`, `_`, `'`; 1 to 32; lower case where the letter has one."""
    if not isinstance(name, str) or not 1 <= len(name) <= 32 or name != name.lower():
        return False
    return all(each in "-_'" or unicodedata.category(each)[0] in "LN" for each in name)


def _check_name_and_description(errors: FormErrors, node: dict[str, Any]) -> None:
    names = {"": node.get("name"), **(node.get("name_localizations") or {})}
    for locale, name in names.items():
        with errors.at("name_localizations", locale) if locale else errors.at("name"):
            if not good_name(name):
                errors.add("APPLICATION_COMMAND_INVALID_NAME", f"Command name is invalid: {NAME_PATTERN}")
    descriptions = {"": node.get("description"), **(node.get("description_localizations") or {})}
    for locale, description in descriptions.items():
        with errors.at("description_localizations", locale) if locale else errors.at("description"):
            errors.text(description, 100, shortest=1)


def _check_options(errors: FormErrors, listed: Any, *, depth: int) -> None:
    with errors.at("options"):
        options = errors.items(listed, 25)
        names: set[str] = set()
        optional_seen = False
        kinds = {option.get("type") in (SUBCOMMAND, GROUP) for option in options}
        if len(kinds) > 1:
            errors.add(
                "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
                "Sub-command and sub-command group option types are mutually exclusive to all other types",
            )
        for index, option in enumerate(options):
            with errors.at(index):
                if option.get("name") in names:
                    with errors.at("name"):
                        errors.add("APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option names must be unique")
                if option.get("required") and optional_seen:
                    errors.add(
                        "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                        "Required options must be placed before non-required options",
                    )
                _check_option(errors, option, depth)
            names.add(option.get("name"))
            optional_seen = optional_seen or not option.get("required")


def _check_option(errors: FormErrors, option: dict[str, Any], depth: int) -> None:
    _check_name_and_description(errors, option)
    kind = option.get("type")
    # a group stands in a command only, a subcommand in a command or a group
    allowed = frozenset(range(3, 12)) if depth == 2 else frozenset(range(1, 12)) - ({GROUP} if depth else set())
    with errors.at("type"):
        if not errors.choice(kind, allowed):
            return
    if kind in (SUBCOMMAND, GROUP):
        _check_options(errors, option.get("options"), depth=2 if kind == SUBCOMMAND else 1)
        return
    choices = option.get("choices")
    if option.get("autocomplete"):
        if kind not in (STRING, INTEGER, NUMBER):
            with errors.at("autocomplete"):
                errors.add("APPLICATION_COMMAND_OPTION_TYPE_AUTOCOMPLETE_INVALID", "Option type cannot autocomplete")
        if choices:
            with errors.at("choices"):
                errors.add("APPLICATION_COMMAND_AUTOCOMPLETE_CHOICES", "Choices and autocomplete exclude each other")
    with errors.at("choices"):
        _check_option_choices(errors, choices, kind)


def _check_option_choices(errors: FormErrors, choices: Any, kind: int | None) -> None:
    names: set[str] = set()
    for index, choice in enumerate(errors.items(choices, 25)):
        with errors.at(index, "name"):
            errors.text(choice.get("name"), 100, shortest=1)
            if choice.get("name") in names:
                errors.add("APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS", "Choice names must be unique")
        with errors.at(index, "value"):
            check_choice_value(errors, choice.get("value"), kind)
        names.add(choice.get("name"))
