"""Connections to PostgreSQL: their settings, their pools, and what happens when one of them breaks."""

from __future__ import annotations

import inspect
from typing import Final

import asyncpg
from sqlalchemy import URL, Connection, Executable, event
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot import limits

_MILLISECONDS: Final = 1000
OPTIONS: Final = {*inspect.signature(asyncpg.connect).parameters, "prepared_statement_cache_size"}
"""The options that an address may have."""

SESSION: Final = {
    "application_name": "castbook",
    "default_transaction_isolation": "read committed",  # a statement after the lock must see what was done before it
    "lock_timeout": f"{limits.DATABASE_BUSY.total_seconds() * _MILLISECONDS:.0f}",
    "statement_timeout": f"{limits.POSTGRES_STATEMENT * _MILLISECONDS:.0f}",
    # A connection that hangs, or whose machine is gone, must not keep the lock.
    "idle_in_transaction_session_timeout": f"{limits.POSTGRES_IDLE * _MILLISECONDS:.0f}",
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    # No statement of ours takes long enough to benefit: starting workers for one takes longer than all of a search.
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
}


def pool(url: URL, size: int) -> AsyncEngine:
    """Up to ``size`` connections with the settings of :data:`SESSION`, each made when it is first needed."""
    engine = create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=limits.DATABASE_TURN_WITHIN,
        hide_parameters=True,
        connect_args={
            "server_settings": SESSION,
            "timeout": limits.POSTGRES_ANSWERS_WITHIN,
            "command_timeout": limits.POSTGRES_SILENT,
            "prepared_statement_cache_size": limits.POSTGRES_PREPARED,
        },
    )
    event.listen(engine.sync_engine, "checkout", _refuse_dead)
    event.listen(engine.sync_engine, "handle_error", _give_up_silent)
    event.listen(engine.sync_engine, "before_execute", _refuse_writing)
    return engine


def _refuse_dead(connection: DBAPIConnection, _record: object, _proxy: object) -> None:
    """The server has closed it since: the pool makes a new one, and discards others of the same age."""
    if connection.driver_connection.is_closed():  # asyncpg's
        raise InvalidatePoolError


def _refuse_writing(connection: Connection, statement: Executable, *_: object) -> None:
    """Where no transaction could refuse it. Raises RuntimeError."""
    if getattr(statement, "is_dml", False) and connection.get_execution_options().get("only_reads"):
        raise RuntimeError("this connection is read-only: write() is for writing")


def _give_up_silent(context: ExceptionContext) -> NoConnection | None:
    """The machine or the network is gone without an error: discard this connection and the others."""
    if not isinstance(context.original_exception, TimeoutError):
        return None
    context.is_disconnect = True
    return NoConnection("the database does not answer")
