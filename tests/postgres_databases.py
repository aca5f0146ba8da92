"""Databases in the cluster of a test run: one for each worker, emptied before each test, and new ones on demand."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from filelock import FileLock
from sqlalchemy import make_url

from tests.postgres_cluster import USER, Cluster

_T = TypeVar("_T")
# What a test left behind must not reach into the next: connections, rows, numbers that were given. Three hundred times
# as fast as a new database.
_EMPTY = """
DO $$ DECLARE one record; BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET LOCAL session_replication_role = replica; -- no foreign key is looked at, no trigger runs
    FOR one IN SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename <> 'alembic_version'
    LOOP EXECUTE 'DELETE FROM ' || one.name; END LOOP;
    FOR one IN SELECT format('%I.%I', schemaname, sequencename) AS name, start_value FROM pg_sequences
        WHERE last_value IS NOT NULL
    LOOP PERFORM setval(one.name, one.start_value, false); END LOOP;
END $$
"""
_FIRST_START = (
    "import asyncio, sys\n"
    "from bot.store.database import database_at\n"
    "async def start():\n"
    "    database = database_at(sys.argv[1])\n"
    "    await database.open()\n"
    "    await database.close()\n"
    "asyncio.run(start())\n"
)


def bring_to_head(url: str) -> None:
    """Make the schema in a database that has none, as a first start of the bot does."""
    done = subprocess.run([sys.executable, "-c", _FIRST_START, url], capture_output=True, text=True, check=False)
    assert not done.returncode, f"the schema could not be made on PostgreSQL:\n{done.stdout}{done.stderr}"


class Databases:
    """Those of one worker. ``close()`` lets go of the connections; the databases go with the cluster."""

    def __init__(
        self,
        cluster: Cluster,
        run: Path,
        worker: str,
        bring_to_head: Callable[[str], None] = bring_to_head,
        template: str = "castbook_at_head",
    ) -> None:
        self._name_of_template = template
        self._bring_to_head = bring_to_head
        self._cluster = cluster
        self._run = run
        self._worker = worker
        self._numbers = itertools.count(1)
        self._connections: dict[str, asyncpg.Connection] = {}
        self._loop = asyncio.new_event_loop()  # of its own: the tests' loops come and go
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def empty(self) -> str:
        """The URL of the worker's database: at head, without a row. It is the same one each time."""
        if self._worker in self._connections:
            self._wait(self._execute(_EMPTY, self._worker))
        else:
            self._create(self._worker, self._template())
            self._wait(self._connect(self._worker))
        return self._cluster.url(self._worker)

    def new(self, *, at_head: bool = True) -> str:
        """The URL of another database, without a row: at head, or without any table. For :meth:`drop`."""
        name = f"{self._worker}_{next(self._numbers)}"
        self._create(name, self._template() if at_head else "template0")
        return self._cluster.url(name)

    def drop(self, url: str) -> None:
        """Remove a database that :meth:`new` made, whoever is connected to it."""
        name = make_url(url).database
        self._wait(self._execute(f'DROP DATABASE "{name}" WITH (FORCE)'))

    def close(self) -> None:
        """Let go of the connections."""

        async def disconnect() -> None:
            for connection in self._connections.values():
                await connection.close()

        self._wait(disconnect())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _template(self) -> str:
        """The database at head that all workers copy: the first of them makes it, as the bot does."""
        made = self._run / "postgres.template"
        with FileLock(self._run / "postgres.template.lock"):
            if not made.exists():
                self._create(self._name_of_template, "template0")
                try:
                    self._bring_to_head(self._cluster.url(self._name_of_template))
                except BaseException:
                    self._wait(self._execute(f"DROP DATABASE {self._name_of_template} WITH (FORCE)"))
                    raise
                made.touch()
        return self._name_of_template

    def _create(self, name: str, template: str) -> None:
        self._wait(self._execute(f'CREATE DATABASE "{name}" TEMPLATE {template}'))

    async def _execute(self, statement: str, database: str = "postgres") -> None:
        connection = await self._connect(database)
        await connection.execute(statement)

    async def _connect(self, database: str) -> asyncpg.Connection:
        known = self._connections.get(database)
        if known is None or known.is_closed():
            known = await asyncpg.connect(host=str(self._cluster.folder), user=USER, database=database)
            self._connections[database] = known
        return known

    def _wait(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)
