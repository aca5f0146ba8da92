"""The judge of query plans sees what it must see; what it says of the bot stands at the end of a run of all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.store.tables import metadata
from tests.postgres_databases import Databases
from tests.postgres_plans import short
from tests.query_plans import GROWING, SMALL, scans, scans_on_postgres

OWNER = "SELECT jobs.id FROM jobs WHERE jobs.owner_id = ?"


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(*) FROM jobs WHERE jobs.outcome IS NULL",
        "SELECT jobs.id FROM jobs WHERE jobs.step != ? ORDER BY jobs.next_attempt_at",
        "SELECT jobs_1.id FROM jobs AS jobs_1 WHERE jobs_1.model = ?".replace("model", "kind"),
        "UPDATE jobs SET token = NULL WHERE jobs.progress = ?",
        "DELETE FROM drafts WHERE drafts.attachment = ?",
        "SELECT refusals.since FROM refusals",
        "SELECT server_roles.role_id FROM server_roles",
        "SELECT characters.id FROM characters, files WHERE characters.name = files.mime",
    ],
)
def test_a_scan_of_a_table_that_grows_is_seen(statement: str, migrated: Path) -> None:
    assert scans([("Store.method", statement)], migrated)


@pytest.mark.parametrize(
    "statement",
    [
        OWNER,
        "SELECT jobs.id FROM jobs WHERE jobs.step != 'done' ORDER BY jobs.next_attempt_at",
        "SELECT jobs.id FROM jobs WHERE jobs.lease_owner IS NOT NULL",
        "SELECT pauses.reason FROM pauses",
    ],
)
def test_what_an_index_keeps_small_is_none(statement: str, migrated: Path) -> None:
    assert scans([("Store.method", statement)], migrated) == []


def test_a_table_grows_unless_somebody_says_why_not() -> None:
    assert set(SMALL) <= set(metadata.tables)
    assert {"jobs", "refusals", "server_settings", "loans"} <= GROWING
    assert GROWING.isdisjoint(SMALL)


def test_postgres_is_asked_as_well(postgres_databases: Databases) -> None:
    scanning = (
        "SELECT count(*) FROM jobs WHERE jobs.outcome IS NULL",
        "SELECT jobs.id FROM jobs WHERE jobs.step != $1::VARCHAR ORDER BY jobs.owner_id, jobs.created_at",
        "UPDATE jobs SET token = NULL WHERE jobs.progress = $1::INTEGER",
        "SELECT refusals.since FROM refusals",
        "SELECT server_roles.role_id FROM server_roles",
        "SELECT characters.id FROM characters, files WHERE characters.name = files.mime",
    )
    fine = (
        "SELECT jobs.id FROM jobs WHERE jobs.owner_id = $1::BIGINT",
        "SELECT jobs.id FROM jobs WHERE jobs.task_id = $1::VARCHAR OR jobs.id = $2::VARCHAR",
        "SELECT jobs.id FROM jobs WHERE jobs.step != 'done' ORDER BY jobs.next_attempt_at",
        "SELECT jobs.id FROM jobs WHERE jobs.lease_owner IS NOT NULL",
        "SELECT pauses.reason FROM pauses",
    )
    asked = [(f"Store.{place}", statement) for place, statement in enumerate(scanning + fine)]
    found = scans_on_postgres(asked, postgres_databases)
    assert {line.partition(":")[0] for line in found} == {f"Store.{place}" for place in range(len(scanning))}


def test_a_list_of_any_length_is_one_statement() -> None:
    assert short("a IN ($1::BIGINT, $2::BIGINT) AND b = $3::TEXT AND c = $3::TEXT") == (
        "a IN ($1::BIGINT) AND b = $2::TEXT AND c = $2::TEXT"
    )
