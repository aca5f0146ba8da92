"""The child process that migrates the database named on its standard input to head (bot.store.upgrade)."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection, create_engine, make_url
from sqlalchemy.exc import DBAPIError

from bot import limits
from bot.errors import BadStart
from bot.store.database_errors import is_locked_out
from bot.store.sqlite import prepare_writer

_MIGRATIONS = Path(__file__).with_name("migrations")


def config() -> Config:
    """Alembic's configuration, with the path of the revisions, also in an installed package."""
    found = Config()
    found.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return found


def migrate(url: str) -> None:
    """Run every missing revision: on SQLite in one transaction, on PostgreSQL each in its own.

    Raises :class:`~bot.errors.BadStart` for a newer database, or if another transaction keeps a table locked.
    """
    address = make_url(url)
    try:
        if address.get_backend_name() == "postgresql":
            asyncio.run(_migrate_postgres(address))
        else:
            _migrate_sqlite(address)
    except CommandError as error:  # it names a revision that this version does not have
        raise BadStart(
            "The database (store.url) was made by a newer Castbook: start that version, or restore an older backup."
        ) from error


def upgrade(connection: Connection) -> None:
    """Run every missing revision, in the current transaction if there is one."""
    found = config()
    found.attributes["connection"] = connection
    command.upgrade(found, "head")


def _migrate_sqlite(url: URL) -> None:
    engine = create_engine(url, hide_parameters=True)
    prepare_writer(engine)
    try:
        with engine.begin() as connection:
            upgrade(connection)
    finally:
        engine.dispose()


async def _migrate_postgres(url: URL) -> None:
    """Try again if another transaction has locked a table, so that running processes do not queue behind us.

    What was done before that stays done.
    """
    from bot.store.postgres_schema import migrating

    until = time.monotonic() + limits.MIGRATION_TRIES_FOR.total_seconds()
    while True:
        try:
            async with migrating(url) as connection:
                await connection.run_sync(upgrade)
        except DBAPIError as error:
            if not is_locked_out(error):
                raise
            if time.monotonic() > until:
                raise BadStart(
                    "The database (store.url) cannot be upgraded while another transaction, such as a dump, keeps a "
                    "table locked: let it end, then start again."
                ) from error
        else:
            return
        await asyncio.sleep(limits.MIGRATION_AGAIN)


def main() -> int:
    """Migrate the database; prints one sentence if it cannot."""
    try:
        migrate(sys.stdin.read().strip())
    except BadStart as error:
        sys.stdout.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
