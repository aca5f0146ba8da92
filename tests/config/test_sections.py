"""What there is to set: documented, in the example, and frozen."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from bot.config import DiscordSettings, Settings, ToapisSettings, load
from bot.config.loading import every_setting
from bot.config.types import Requirement

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
NAMES = [f"{section}.{key}" for section, key, _ in every_setting()]


def test_the_example_names_every_setting_and_nothing_else_in_the_same_order() -> None:
    example = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    assert [f"{section}.{key}" for section, settings in example.items() for key in settings] == NAMES


def test_the_example_has_the_defaults_and_no_secrets() -> None:
    example = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    assert example["discord"].pop("token") == ""
    assert example["toapis"].pop("api_key") == ""
    settings = Settings(
        discord=DiscordSettings(token=SecretStr("x")), toapis=ToapisSettings(api_key=SecretStr("x"))
    ).model_dump(mode="json", exclude={"discord": {"token"}, "toapis": {"api_key"}})
    assert example == settings


def test_the_example_works_with_the_secrets_filled_in(secrets: dict[str, str]) -> None:
    assert load(EXAMPLE, secrets).model_dump() == load(None, secrets).model_dump()


def test_the_example_says_of_each_setting_what_it_is() -> None:
    written = EXAMPLE.read_text(encoding="utf-8")
    assert re.findall(r"^# (.+)\n(\w+) = ", written, re.MULTILINE) == [
        (setting.description, key) for _, key, setting in every_setting()
    ]


@pytest.mark.parametrize("name", NAMES)
def test_each_setting_has_one_plain_line_about_it_and_words_for_a_bad_value(name: str) -> None:
    setting = {f"{section}.{key}": setting for section, key, setting in every_setting()}[name]
    assert setting.description is not None
    assert re.fullmatch(r"[^\n|]{10,118}\.", setting.description)
    assert len([part for part in setting.metadata if isinstance(part, Requirement)]) == 1


def test_settings_are_frozen(secrets: dict[str, str]) -> None:
    settings = load(None, secrets)
    with pytest.raises(ValidationError):
        settings.web.port = 1  # type: ignore[misc]  # that it cannot be set is the test
    with pytest.raises(ValidationError):
        settings.web = settings.web.model_copy()  # type: ignore[misc]  # likewise


def test_a_refused_secret_is_not_in_the_error_of_a_section_made_directly() -> None:
    with pytest.raises(ValidationError) as caught:
        DiscordSettings(token=SecretStr("not a token"))
    assert "not a token" not in str(caught.value)
