from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable

from bot.store.schema import Instant
from bot.store.tables import metadata

INSTANT = Instant()
SQLITE = sqlite.dialect()
zones = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(
    lambda offset: timezone(timedelta(minutes=offset // timedelta(minutes=1)))
)
days = st.timedeltas(timedelta(days=-700_000), timedelta(days=2_900_000))
instants = st.builds(lambda zone, since: (datetime(1970, 1, 1, tzinfo=UTC) + since).astimezone(zone), zones, days)


@given(instants)
def test_an_instant_comes_back_exactly_and_in_utc(instant: datetime) -> None:
    back = INSTANT.process_result_value(INSTANT.process_bind_param(instant, SQLITE), SQLITE)
    assert back == instant
    assert back is not None
    assert back.tzinfo is UTC


@given(instants, instants)
def test_stored_instants_sort_as_instants_do(one: datetime, other: datetime) -> None:
    stored = [INSTANT.process_bind_param(instant, SQLITE) for instant in (one, other)]
    assert (stored[0] < stored[1]) == (one < other)  # type: ignore[operator]  # neither is None


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        INSTANT.process_bind_param(datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None), SQLITE)


def test_nothing_stays_nothing() -> None:
    assert INSTANT.process_bind_param(None, SQLITE) is None
    assert INSTANT.process_result_value(None, SQLITE) is None


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_the_schema_can_be_made_in_postgresql(table: object) -> None:
    ddl = str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[arg-type]  # a Table
    assert "TIMESTAMP" not in ddl
    if "TABLE characters " in ddl:
        assert "id BIGSERIAL" in ddl
