from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from bot.store import migrate
from bot.store.tables import HEAD, metadata


def test_the_schema_is_what_all_migrations_make(tmp_path: Path) -> None:
    path = tmp_path / "odd %(name)s" / "castbook.db"
    path.parent.mkdir()
    migrate.migrate(f"sqlite:///{path}")
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        opts = {"compare_type": True, "compare_server_default": True, "include_name": _described}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == HEAD
        # Alembic does not compare this: an id is never given twice.
        ddl = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'characters'").scalar_one()
        assert "AUTOINCREMENT" in ddl
    engine.dispose()


def _described(name: str | None, kind: str, _parents: object) -> bool:
    """Whether the metadata should know it: of its full-text index SQLite makes the tables itself."""
    return kind != "table" or not str(name).startswith("character_search")


def test_head_is_known_without_alembic() -> None:
    assert ScriptDirectory.from_config(migrate.config()).get_heads() == [HEAD]


def test_the_files_of_earlier_characters_become_a_clip_and_stills(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'castbook.db'}"
    engine = create_engine(url)
    with engine.begin() as connection:
        before = migrate.config()
        before.attributes["connection"] = connection
        command.upgrade(before, "0004")
        for key, mime in (("7/a", "video/mp4"), ("7/b", "image/jpeg"), ("7/c", "image/jpeg")):
            connection.exec_driver_sql(
                "INSERT INTO files (key, owner_id, sha256, size, mime, created_at) VALUES (?, 7, 'x', 1, ?, 'now')",
                (key, mime),
            )
        connection.exec_driver_sql(
            "INSERT INTO characters (id, owner_id, job_id, name, name_key, display_name, display_key, username,"
            " provider_id, task_id, model, range_start, range_end, created_at)"
            " VALUES (1, 7, 'j', 'A', 'a', 'A', 'a', 'u', 'p', 't', 'm', '1', '3', 'now')"
        )
        for position, key in enumerate(("7/a", "7/b", "7/c")):
            connection.exec_driver_sql(
                "INSERT INTO character_files (character_id, position, key) VALUES (1, ?, ?)", (position, key)
            )
    migrate.migrate(url)
    with engine.connect() as connection:
        kinds = connection.exec_driver_sql("SELECT kind FROM character_files ORDER BY position").scalars().all()
    engine.dispose()
    assert kinds == ["clip", "still", "still"]


def test_characters_of_earlier_versions_are_found_and_keep_their_uses(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'castbook.db'}"
    engine = create_engine(url)
    with engine.begin() as connection:
        before = migrate.config()
        before.attributes["connection"] = connection
        command.upgrade(before, "0012")
        for number, owner, name in ((1, 7, "Zoë"), (2, 8, "Анна"), (3, 7, "Bob")):
            connection.exec_driver_sql(
                "INSERT INTO characters (id, owner_id, name, name_key, display_name, display_key, username,"
                " provider_id, task_id, model, range_start, range_end, created_at)"
                " VALUES (?, ?, ?, ?, 'Of Sora', '', '', '', '', '', '1', '3', 1000)",
                (number, owner, name, name),
            )
        connection.exec_driver_sql(
            "INSERT INTO files (key, owner_id, sha256, size, mime, created_at) VALUES ('k', 7, 'x', 1, 'video/mp4', 1)"
        )
        for made_at in (2000, 3000):
            connection.exec_driver_sql(
                "INSERT INTO videos (owner_id, job_id, prompt, model, roles, file_key, created_at)"
                " VALUES (7, ?, '', '', '[{\"character_id\": 3, \"name\": \"Bob\"}]', 'k', ?)",
                (str(made_at), made_at),
            )
    migrate.migrate(url)
    with engine.begin() as connection:
        rows = connection.exec_driver_sql(
            "SELECT id, uses, last_used_at, search_name, search_more, search_id >> 20 FROM characters ORDER BY id"
        ).all()
        searched = "SELECT rowid >> 20 FROM character_search WHERE character_search MATCH ?"
        found = {
            typed: connection.exec_driver_sql(searched, (f'"{typed}"',)).scalars().all() for typed in ("zoe", "ann")
        }
        by_use = connection.exec_driver_sql("SELECT id FROM characters ORDER BY frecency DESC, id").scalars().all()
    engine.dispose()
    assert [tuple(row) for row in rows] == [
        (1, 0, None, "  zoe ", "  of  sora ", 1),
        (2, 0, None, "  anna ", "  of  sora ", 2),
        (3, 2, 3000, "  bob ", "  of  sora ", 1),
    ]
    assert found == {"zoe": [1], "ann": [2]}
    assert by_use == [3, 1, 2]


def test_the_cards_that_the_jobs_say_stand_are_known(tmp_path: Path) -> None:
    """Of a table as an earlier version left it: so a deletion reaches old cards, too."""
    url = f"sqlite:///{tmp_path / 'castbook.db'}"
    engine = create_engine(url)
    tried = '{"path":"channel","channel_id":5,"nonce":"n","at":"2026-01-01T00:00:00Z","message_id":null}'
    stands = tried.replace("null", "77")
    deliveries = {
        "there": f"[{tried},{stands}]",
        "private": f"[{stands.replace('channel', 'original', 1)}]",
        "nowhere": f"[{tried}]",
        "broken": "{",
    }
    with engine.begin() as connection:
        before = migrate.config()
        before.attributes["connection"] = connection
        command.upgrade(before, "0006")
        for number, (job, sent) in enumerate(deliveries.items(), start=1):
            connection.exec_driver_sql(
                "INSERT INTO jobs (id, kind, owner_id, origin, token_at, step, outcome, attempts, request, lookups,"
                " maybe_charged, progress, deliveries, counted, created_at, updated_at, finished_at)"
                " VALUES (?, 'character', 7, ?, 1, 'done', 'succeeded', 0, '{}', 0, 0, 100, ?, 1, 1, 1, 99)",
                (job, '{"locale": "en-GB"}', sent),
            )
            connection.exec_driver_sql(
                "INSERT INTO characters (id, owner_id, job_id, name, name_key, display_name, display_key, username,"
                " provider_id, task_id, model, range_start, range_end, created_at)"
                " VALUES (?, 7, ?, 'A', ?, 'A', 'a', 'u', 'p', 't', 'm', '1', '3', 1)",
                (number, job, str(number)),
            )
    migrate.migrate(url)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT owner_id, job_id, character_id, channel_id, message_id, shows, locale, sent_at, wanted"
            " FROM sent_messages"
        ).all()
    engine.dispose()
    assert [tuple(row) for row in rows] == [(7, "there", 1, 5, 77, "result", "en-GB", 99, None)]


def test_the_child_says_in_one_sentence_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'castbook.db'}"
    monkeypatch.setattr(sys, "stdin", io.StringIO(url))
    assert migrate.main() == 0
    sys.stdin.seek(0)
    assert migrate.main() == 0  # nothing left to do
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'from the future'")
    engine.dispose()
    capsys.readouterr()
    sys.stdin.seek(0)
    assert migrate.main() == 69
    said = capsys.readouterr().out
    assert "newer Castbook" in said
    assert said.count("\n") == 1
