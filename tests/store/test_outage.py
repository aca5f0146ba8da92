"""What a database that is away leaves in the log."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import TimeoutError as NoConnection
from structlog.testing import capture_logs

from bot import limits, metrics
from bot.store.outage import Outage

AWAY = NoConnection("the database cannot be reached")


def unexpected() -> float:
    return metrics.REGISTRY.get_sample_value("castbook_unexpected_errors_total") or 0.0


def test_it_is_one_line_and_one_when_it_is_back_under_the_same_id(monkeypatch: pytest.MonkeyPatch) -> None:
    outage, before = Outage(), unexpected()
    with capture_logs() as lines:
        outage.works()
        for _ in range(5):
            outage.failed("runner_fault", AWAY)
            outage.failed("lease_renewal", AWAY)
            outage.works()  # it comes and goes
        monkeypatch.setattr(limits, "DATABASE_BACK_AFTER", 0.0)
        outage.works()
        outage.works()
    away, back = lines
    assert (away["event"], away["noticed_by"], away["error"]) == ("database_away", "runner_fault", "TimeoutError")
    assert (back["event"], back["error_id"], back["failures"]) == ("database_back", away["error_id"], 10)
    assert "exc_info" not in away
    assert unexpected() == before, "it is no defect"


def test_the_next_one_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DATABASE_BACK_AFTER", 0.0)
    outage = Outage()
    with capture_logs() as lines:
        for _ in range(2):
            outage.lost("notifications_lost", ConnectionResetError())
            outage.works()
    assert [line["event"] for line in lines] == ["database_away", "database_back"] * 2
    assert lines[0]["error_id"] != lines[2]["error_id"]


@pytest.mark.parametrize("error", [RuntimeError("a defect"), OSError("a disk")])
def test_a_defect_is_told_each_time_with_its_traceback(error: Exception) -> None:
    outage = Outage()
    with capture_logs() as lines:
        outage.failed("runner_fault", error, job="1")
        outage.failed("runner_fault", error, job="1")
    assert [(line["event"], line["job"], line["exc_info"]) for line in lines] == [("runner_fault", "1", error)] * 2
