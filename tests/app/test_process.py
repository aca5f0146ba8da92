"""A process of Castbook: what it writes about a defect, and what it never writes."""

from __future__ import annotations

import os

import pytest

from bot.app import process
from bot.config import Settings


@pytest.mark.usefixtures("restored_logs")
@pytest.mark.parametrize(
    "given",
    [
        {"CASTBOOK__STORE__PASSWORD": "hidden-word"},
        {"CASTBOOK__STORE__URL": "postgresql+asyncpg://castbook:hidden-word@db/castbook"},
        {"CASTBOOK__STORE__URL": "postgresql+asyncpg://castbook:hidden%2Dword@db/castbook"},
        {
            "CASTBOOK__STORE__ACCESS_KEY_ID": "key-id",
            "CASTBOOK__STORE__SECRET_ACCESS_KEY": "hidden-word",
        },
        {"AWS_SECRET_ACCESS_KEY": "hidden-word"},
        {"AWS_SESSION_TOKEN": "hidden-word"},
    ],
)
def test_a_defect_is_logged_without_the_secrets_of_the_store(
    given: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith("CASTBOOK")]:
        monkeypatch.delenv(name)
    for name, value in ({"CASTBOOK__DISCORD__TOKEN": "token", "CASTBOOK__TOAPIS__API_KEY": "key"} | given).items():
        monkeypatch.setenv(name, value)

    async def fail(settings: Settings) -> int:
        raise RuntimeError(f"connecting with hidden-word to {settings.store.url}")

    with pytest.raises(SystemExit) as ended:
        process.finish(None, fail)
    assert ended.value.code == 1
    written = capsys.readouterr().err
    assert "connecting with" in written
    assert "hidden-word" not in written
    assert "hidden%2Dword" not in written
