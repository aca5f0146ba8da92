"""Logs: readable, complete, and without secrets wherever they hide."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
import structlog

from bot.config import LogSettings
from bot.log import configure, unexpected
from bot.metrics import REGISTRY

SECRET = "MTk4.Cl2FMQ.fake-token"
AWKWARD = 'quote"back\\slash'


pytestmark = pytest.mark.usefixtures("restored_logs")


def start(level: str = "INFO", form: str = "json", secrets: tuple[str, ...] = (SECRET, AWKWARD)) -> None:
    configure(LogSettings.model_validate({"level": level, "format": form}), secrets=secrets)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def fail() -> None:
    local_only = "what-a-local-held"
    raise ValueError(f"{len(local_only)} {SECRET}")


def test_an_event_is_one_json_line_with_its_values(capsys: pytest.CaptureFixture[str]) -> None:
    start()
    structlog.get_logger("bot.jobs").info("job_ended", job="0a", progress=100, outcome=None)
    (line,) = lines(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "job_ended",
        "level": "info",
        "logger": "bot.jobs",
        "job": "0a",
        "progress": 100,
        "outcome": None,
    }


def test_an_event_is_one_readable_line_on_a_console(capsys: pytest.CaptureFixture[str]) -> None:
    start(form="console")
    structlog.get_logger("bot.jobs").info("job_ended", job="0a", name="two\nlines")
    written = capsys.readouterr().err
    assert "[info     ] job_ended" in written
    assert "[bot.jobs] job='0a' name='two\\nlines'" in written
    assert written.count("\n") == 1
    assert "\x1b" not in written  # colours are for terminals


def test_what_libraries_log_is_in_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    start()
    logging.getLogger("discord.gateway").warning("Shard ID %s is %s", 0, "late")
    (line,) = lines(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "Shard ID 0 is late", "level": "warning", "logger": "discord.gateway"}


@pytest.mark.parametrize(
    ("level", "heard"),
    [
        ("DEBUG", {"bot debug", "bot info", "discord info", "aiosqlite info", "sqlalchemy warning"}),
        ("INFO", {"bot info", "discord info", "aiosqlite info", "sqlalchemy warning"}),
        ("WARNING", {"sqlalchemy warning"}),
        ("ERROR", set()),
    ],
)
def test_below_info_only_our_own_loggers_are_heard(
    level: str, heard: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    start(level)
    structlog.get_logger("bot.jobs").debug("bot debug")
    structlog.get_logger("bot.jobs").info("bot info")
    logging.getLogger("discord.http").debug("discord debug: a payload with a token")
    logging.getLogger("discord.http").info("discord info")
    logging.getLogger("aiosqlite").debug("aiosqlite debug: a statement's parameters")
    logging.getLogger("aiosqlite").info("aiosqlite info")
    logging.getLogger("sqlalchemy.engine.Engine").info("sqlalchemy info: a statement's parameters")
    logging.getLogger("sqlalchemy.pool").warning("sqlalchemy warning")
    logging.getLogger("aiohttp.access").info("aiohttp info: each look at our health")
    assert {line["event"] for line in lines(capsys)} == heard


def test_configured_again_nothing_is_written_twice(capsys: pytest.CaptureFixture[str]) -> None:
    others = list(logging.getLogger().handlers)
    assert others  # pytest's
    start()
    start()
    structlog.get_logger("bot").info("once")
    assert [line["event"] for line in lines(capsys)] == ["once"]
    assert all(other in logging.getLogger().handlers for other in others)


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_secret_is_masked_wherever_it_is(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    class Holder:
        def __repr__(self) -> str:
            return f"Holder({SECRET})"

    start(form=form)
    logger = structlog.get_logger("bot")
    logger.info(SECRET)
    logger.info("as a value", token=SECRET, header=f"Bearer {SECRET}")
    logger.info("deep inside", request={"headers": [("Authorization", SECRET)], SECRET: 1})
    logger.info("in an object", thing=Holder())
    logger.info("as bytes", body=SECRET.encode())
    logger.info("with signs that are escaped", key=AWKWARD, both=[AWKWARD])
    logging.getLogger("aiohttp.client").warning("from a library: %s", SECRET)
    with structlog.contextvars.bound_contextvars(bound=SECRET):
        logger.info("bound")
    try:
        fail()
    except ValueError as failure:
        unexpected("failed", failure, again=str(failure))
        logging.getLogger("discord.client").exception("ignored")
    written = capsys.readouterr().err
    assert SECRET not in written
    assert "slash" not in written
    assert written.count("[secret]") == 14
    if form == "json":
        assert len([json.loads(line) for line in written.splitlines()]) == 10


def test_a_secret_that_contains_another_is_masked_whole(capsys: pytest.CaptureFixture[str]) -> None:
    start(secrets=("abcd", "abcd-efgh"))
    structlog.get_logger("bot").info("abcd-efgh abcd")
    assert lines(capsys)[0]["event"] == "[secret] [secret]"


def test_what_is_too_short_to_be_a_secret_leaves_the_logs_readable(capsys: pytest.CaptureFixture[str]) -> None:
    start(secrets=("", "e"))
    structlog.get_logger("bot").info("event")
    assert lines(capsys)[0]["event"] == "event"


@pytest.mark.parametrize(
    "written",
    [
        "PATCH https://discord.com/api/v10/webhooks/123/TOKEN/messages/@original responded with 429",
        "POST /interactions/456/TOKEN/callback?with_response=true",
        "url='http://127.0.0.1:1/api/webhooks/123/TOKEN'",
        "token is aW50ZXJhY3Rpb246TOKEN",
    ],
)
def test_interaction_tokens_are_masked_without_being_registered(
    written: str, capsys: pytest.CaptureFixture[str]
) -> None:
    start(secrets=())
    logging.getLogger("discord.http").warning("%s", written.replace("TOKEN", "dG9rZW4-_x"))
    event = lines(capsys)[0]["event"]
    assert "dG9rZW4" not in event
    assert event == written.replace("aW50ZXJhY3Rpb246", "").replace("TOKEN", "[secret]")


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_defect_is_logged_with_its_traceback_under_the_id_that_is_returned(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    start(form=form, secrets=())
    before = REGISTRY.get_sample_value("castbook_unexpected_errors_total")
    try:
        fail()
    except ValueError as failure:
        error_id = unexpected("command_failed", failure, command="create")
    written = capsys.readouterr().err
    assert len(error_id) == 8
    assert int(error_id, 16) >= 0
    assert error_id in written
    assert "command_failed" in written
    assert "create" in written
    assert "Traceback (most recent call last)" in written
    assert "in fail" in written
    assert "ValueError: 17" in written
    assert "what-a-local-held" not in written
    assert before is not None
    assert REGISTRY.get_sample_value("castbook_unexpected_errors_total") == before + 1


def test_each_defect_has_its_own_id() -> None:
    start("CRITICAL")
    assert len({unexpected("failed", ValueError()) for _ in range(100)}) == 100


def test_a_line_that_cannot_be_written_is_missed_without_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    start()
    record = logging.LogRecord("library", logging.WARNING, "library.py", 7, "%d", (SECRET,), None)
    logging.getLogger().handlers[-1].handle(record)  # not through the logger: pytest's handlers raise
    written = capsys.readouterr().err
    assert written == "A line from library.py:7 could not be logged.\n"
    assert SECRET not in written


def test_a_closed_stderr_stops_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Gone:
        def write(self, _: str) -> int:
            raise BrokenPipeError

        def flush(self) -> None:
            raise BrokenPipeError

        def isatty(self) -> bool:
            return False

    monkeypatch.setattr("sys.stderr", Gone())
    start()
    structlog.get_logger("bot").info("nobody reads this")
    assert capsys.readouterr().err == ""
