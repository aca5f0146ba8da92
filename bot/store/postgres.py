"""PostgreSQL: many processes, whose writers exclude each other by locks; survives lost connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, Final

import asyncpg
import structlog
from sqlalchemy import URL, TextClause, update
from sqlalchemy import text as sql  # not a text for people, which make messages looks for
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot import limits, tracing
from bot.concurrency import PriorityLimiter, shielded, works_on_a_first_answer
from bot.errors import BadConfiguration, BadStart
from bot.store.database import Database
from bot.store.database_errors import has_no_right, passes_by_itself
from bot.store.postgres_locks import CONNECTION_LOST, SharedLocks, key_of
from bot.store.postgres_notifications import PostgresNotifications
from bot.store.postgres_pool import OPTIONS, SESSION, pool
from bot.store.tables import HEAD, MOVING, alembic_version
from bot.store.upgrade import bring_to_head, revision
from bot.store.write_locks import NO_LOCK, Lock, taken_in_turn

_log = structlog.get_logger(__name__)

# The transaction-level advisory locks of a writer: they end with the transaction, however that ends. One is that of all
# writers: who writes alone takes it exclusively, others shared and before their own, so that none of these waits for
# somebody who waits to be alone. If the connection breaks during the commit, the transaction's id tells later whether
# it was committed.
_KEY: Final = 0x43617374626F6F6B  # "Castbook"
_ALL: Final = sql("SELECT CAST(pg_current_xact_id() AS text), pg_advisory_xact_lock(:all)").bindparams(all=_KEY)
_NONE: Final = sql("SELECT NULL, pg_advisory_xact_lock_shared(:all)").bindparams(all=_KEY)
# The rows come in the order of the keys, and each takes its lock when it comes.
_THESE: Final = sql(
    "SELECT CAST(pg_current_xact_id() AS text), CASE turn WHEN 1 THEN pg_advisory_xact_lock_shared(key)"
    " ELSE pg_advisory_xact_lock(key) END FROM unnest(CAST(:keys AS bigint[])) WITH ORDINALITY AS these (key, turn)"
)
_BECAME: Final = sql("SELECT pg_xact_status(CAST(CAST(:id AS text) AS xid8))")


class PostgresDatabase(Database):
    """``write()`` excludes the writers of all processes that hold one of its locks, by default everybody.

    ``url`` is ``postgresql+asyncpg://user:password@host/name``.
    """

    shared = True

    def __init__(self, url: URL) -> None:
        super().__init__()
        self._url = url
        self._engine: AsyncEngine | None = None
        self._snapshots: AsyncEngine | None = None
        self._at_once: AsyncEngine | None = None
        self._read_at_once: AsyncEngine | None = None
        self._searches: AsyncEngine | None = None
        self.notifications = PostgresNotifications(
            partial(self.connect_apart, silent=limits.POSTGRES_ANSWERS_WITHIN), self.outage
        )
        # Writers queue here before they wait for locks: commands before jobs, and without occupying a connection.
        # Who waits for a lock keeps its place meanwhile, so the steps of jobs, which need none, have their own places.
        self._alone = PriorityLimiter(1)
        self._with_locks = PriorityLimiter(limits.POSTGRES_WRITERS_WITH_LOCKS)
        self._without_locks = PriorityLimiter(limits.POSTGRES_WRITERS_WITHOUT_LOCKS)
        # First answers and writes that people wait for get a free connection before reads that can take their time.
        self._connections = PriorityLimiter(limits.POSTGRES_CONNECTIONS)
        self._searching = PriorityLimiter(limits.POSTGRES_SEARCHES)
        self._locks = SharedLocks(self.connect_apart)

    async def open(self) -> None:
        """Connect, and migrate the schema to head; of processes that start together, the first one does that."""
        if not self._url.query.keys() <= OPTIONS:
            raise BadConfiguration(
                "The address of the PostgreSQL (store.url) has an option that asyncpg does not know: TLS is asked for "
                "with ssl=require there, not with sslmode."
            )
        self._engine = pool(self._url, limits.POSTGRES_CONNECTIONS)
        self._snapshots = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._at_once = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._read_at_once = self._at_once.execution_options(only_reads=True)
        searches = pool(self._url, limits.POSTGRES_SEARCHES)
        self._searches = searches.execution_options(isolation_level="AUTOCOMMIT", only_reads=True)
        try:
            async with self.read() as connection:
                known = await revision(connection)
            if known == MOVING:
                raise BadStart(
                    "A library is being moved to this PostgreSQL (store.url): let castbook migrate --to end first."
                )
            if known != HEAD:
                await bring_to_head(self._url)
                # Statistics of the earlier tables are of no use any more.
                await self._engine.dispose()
            await self._touch()
        except BaseException as error:
            await self.close()
            if isinstance(error, (*CONNECTION_LOST, SQLAlchemyError)):
                raise _bad_start(error) from error
            raise

    async def close(self) -> None:
        """Close every connection."""
        await self._locks.close()
        engines = self._engine, self._searches
        self._engine = self._snapshots = self._at_once = self._read_at_once = self._searches = None
        for engine in engines:
            if engine is not None:
                await engine.dispose()

    @asynccontextmanager
    async def write(
        self, *, urgent: bool = False, locks: Collection[Lock] | None = None
    ) -> AsyncIterator[AsyncConnection]:
        """Each statement sees what others committed before it; what is behind none of the ``locks`` may change."""
        if not urgent:
            await self.foreground.goes_first(limits.ANSWERS_GO_FIRST)
        turns = self._alone if locks is None else self._with_locks if locks else self._without_locks
        with tracing.span("database write", urgent=urgent, alone=locks is None):
            async with _place(turns, urgent=urgent), self._connected(self._engine, urgent=urgent) as connection:
                transaction = await connection.begin()
                try:
                    transaction_id = await connection.scalar(*_taking(locks))
                    yield connection
                except BaseException:
                    await shielded(transaction.rollback())
                    raise
                try:
                    await shielded(transaction.commit())
                except (DBAPIError, NoConnection) as error:
                    lost = isinstance(error, NoConnection) or error.connection_invalidated
                    if not (transaction_id and lost and await self._was_committed(transaction_id)):
                        raise

    def write_at_once(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Each statement is committed by itself."""
        return self._connected(self._at_once)

    async def _was_committed(self, transaction_id: str) -> bool:
        """Whether the transaction was committed although its answer was lost; otherwise the caller would repeat it."""
        until = asyncio.get_running_loop().time() + limits.POSTGRES_ANSWERS_WITHIN
        while asyncio.get_running_loop().time() < until:
            try:
                async with self._connected(self._snapshots, urgent=True) as connection:
                    became = await connection.scalar(_BECAME, {"id": transaction_id})
            except SQLAlchemyError:
                became = "unknown"
            if became not in ("unknown", "in progress"):
                _log.warning("connection_lost_at_commit", became=became)
                return bool(became == "committed")
            await asyncio.sleep(0.2)
        return False

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One snapshot of the database."""
        await self.foreground.goes_first(limits.ANSWERS_GO_FIRST)
        async with self._connected(self._snapshots) as connection:
            yield connection

    @asynccontextmanager
    async def read_at_once(self) -> AsyncIterator[AsyncConnection]:
        """Without a transaction around the statements, which the server could declare read-only."""
        await self.foreground.goes_first(limits.ANSWERS_GO_FIRST)
        async with self._connected(self._read_at_once) as connection:
            yield connection

    @asynccontextmanager
    async def search(self) -> AsyncIterator[AsyncConnection]:
        """Without a transaction, on connections that nothing else occupies.

        Raises SQLAlchemy's TimeoutError as soon as a choice of names would come too late: many are asked for while
        somebody types, and those that nobody can see any more would hold up the next ones.
        """
        await self.foreground.goes_first(limits.ANSWERS_GO_FIRST)
        urgent = works_on_a_first_answer()
        within = limits.SEARCH_TURN_WITHIN if urgent else None
        async with (
            _place(self._searching, urgent=urgent, within=within),
            self._checked_out(self._searches) as connection,
        ):
            yield connection

    @asynccontextmanager
    async def _connected(self, engine: AsyncEngine | None, *, urgent: bool = False) -> AsyncIterator[AsyncConnection]:
        """One of the connections that all but searches share. Raises SQLAlchemy's TimeoutError if none gets free."""
        urgent = urgent or works_on_a_first_answer()
        async with _place(self._connections, urgent=urgent), self._checked_out(engine) as connection:
            yield connection

    @asynccontextmanager
    async def _checked_out(self, engine: AsyncEngine | None) -> AsyncIterator[AsyncConnection]:
        """A pooled connection. Raises SQLAlchemy's TimeoutError if none is available."""
        if engine is None:
            raise RuntimeError("the database is not open")
        try:
            connection = await engine.connect()
        except CONNECTION_LOST as error:
            if has_no_right(error):
                raise
            raise _no_connection(error) from error
        self.outage.works()
        try:
            yield connection
        finally:
            await shielded(connection.close())

    def lock(self, name: str) -> AbstractAsyncContextManager[None]:
        """Hold the lock of that name across all processes."""
        return self._locks(name)

    async def first(self, name: str) -> bool:
        """True for the first caller, until its connection is gone. Raises as :meth:`lock`."""
        return await self._locks.first(name)

    async def connect_apart(self, *, silent: float = limits.POSTGRES_SILENT) -> asyncpg.Connection:
        """A separate connection outside the pool, for listening, for example. The caller closes it.

        ``silent``: seconds that the server may take to answer.
        """
        if self._engine is None:
            raise RuntimeError("the database is not open")
        _, options = self._engine.dialect.create_connect_args(self._url)
        within = {"timeout": limits.POSTGRES_ANSWERS_WITHIN, "command_timeout": silent}
        try:
            return await asyncpg.connect(**options, server_settings=SESSION, **within)
        except CONNECTION_LOST as error:
            raise _no_connection(error) from error

    async def writable(self) -> bool:
        """Whether a transaction can be committed at the moment."""
        try:
            await self._touch()
        except (*CONNECTION_LOST, SQLAlchemyError):
            return False
        return True

    async def _touch(self) -> None:
        # Write the value that is there: another process may be of another version.
        as_it_is = update(alembic_version).values(version_num=alembic_version.c.version_num)
        async with self.write(locks=NO_LOCK) as connection:  # one row, whose value stays
            await connection.execute(as_it_is)


def _taking(locks: Collection[Lock] | None) -> tuple[TextClause, dict[str, Any]]:
    """The statement that takes them, in an order that is the same for everybody, and its parameters.

    It returns the id of the transaction; ``None`` if that needs no locks: repeating it does no harm.
    """
    if locks is None:
        return _ALL, {}
    if not locks:
        return _NONE, {}
    return _THESE, {"keys": [_KEY, *taken_in_turn(locks, key_of)]}


def _no_connection(error: BaseException) -> NoConnection:
    return NoConnection(f"the database cannot be reached ({type(error).__name__})")


@asynccontextmanager
async def _place(turns: PriorityLimiter, *, urgent: bool, within: float | None = None) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(limits.DATABASE_TURN_WITHIN if within is None else within):
            await turns.acquire(urgent=urgent)
    except TimeoutError:
        raise NoConnection("no connection was free in time") from None
    try:
        yield
    finally:
        turns.release()


def _bad_start(error: BaseException) -> BadStart:
    if has_no_right(error):
        return BadStart(
            "The PostgreSQL (store.url) refuses us: check the user, the password (store.password), the name of the "
            "database and what the user may do there."
        )
    if passes_by_itself(error):
        return BadStart("The PostgreSQL (store.url) cannot be reached just now: check that it runs, host and port.")
    _log.error("postgres_not_usable", error=type(error).__name__, said=str(error)[:500])
    return BadStart("The PostgreSQL (store.url) cannot be used: the log says why.")
