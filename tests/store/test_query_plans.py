"""The judge of query plans sees what it must see; what it says of the bot stands at the end of a run of all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.query_plans import scans

OWNER = "SELECT jobs.id FROM jobs WHERE jobs.owner_id = ?"


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(*) FROM jobs WHERE jobs.outcome IS NULL",
        "SELECT jobs.id FROM jobs WHERE jobs.step != ? ORDER BY jobs.next_attempt_at",
        "SELECT jobs_1.id FROM jobs AS jobs_1 WHERE jobs_1.model = ?".replace("model", "kind"),
        "UPDATE jobs SET token = NULL WHERE jobs.progress = ?",
        "DELETE FROM drafts WHERE drafts.attachment = ?",
        "SELECT characters.id FROM characters, files WHERE characters.name = files.mime",
    ],
)
def test_a_scan_of_a_table_that_grows_is_seen(statement: str, tmp_path: Path) -> None:
    assert scans([("Store.method", statement)], tmp_path)


@pytest.mark.parametrize(
    "statement",
    [
        OWNER,
        "SELECT jobs.id FROM jobs WHERE jobs.step != 'done' ORDER BY jobs.next_attempt_at",
        "SELECT jobs.id FROM jobs WHERE jobs.lease_owner IS NOT NULL",
        "SELECT pauses.reason FROM pauses",
    ],
)
def test_what_an_index_keeps_small_is_none(statement: str, tmp_path: Path) -> None:
    assert scans([("Store.method", statement)], tmp_path) == []
