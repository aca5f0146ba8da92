"""The child that brings a database to the newest schema: ``python -m bot.store.migrate sqlite:///path``."""

from __future__ import annotations

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import create_engine

from bot.errors import BadStart
from bot.store.sqlite import prepare_writer

_MIGRATIONS = Path(__file__).with_name("migrations")


def config() -> Config:
    """Where alembic finds the revisions, also in an installed package."""
    found = Config()
    found.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return found


def migrate(url: str) -> None:
    """Run every missing revision in one transaction. Raises :class:`~bot.errors.BadStart` for a newer database."""
    engine = create_engine(url, hide_parameters=True)
    prepare_writer(engine)
    found = config()
    try:
        with engine.begin() as connection:
            found.attributes["connection"] = connection
            command.upgrade(found, "head")
    except CommandError as error:  # it names a revision that this version does not have
        raise BadStart(
            "The database (store.url) was made by a newer Castbook: start that version, or restore an older backup."
        ) from error
    finally:
        engine.dispose()


def main() -> int:
    """Migrate the database named on the command line; says in one sentence why it cannot."""
    try:
        migrate(sys.argv[1])
    except BadStart as error:
        sys.stdout.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
