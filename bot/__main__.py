"""The command line: parses the arguments, then hands over to app."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from bot.catalogues import LOCALES

if TYPE_CHECKING:
    from bot.app.roles import Shards

Command: TypeAlias = Callable[[argparse.Namespace], None]


def _run(given: argparse.Namespace) -> None:
    from bot.app import process, service
    from bot.app.roles import Role

    process.finish(given.config, partial(service.run, role=Role(given.role), shards=given.shards))


def _look(name: str) -> Command:
    """check, invite or migrate: their output is the answer, so only problems are logged."""

    def look(given: argparse.Namespace) -> None:
        from bot.app import check, process

        process.finish(given.config, getattr(check, name), level="ERROR")

    return look


def _migrate(given: argparse.Namespace) -> None:
    if given.to or given.files_to:
        from bot.app import move, process

        process.finish(given.config, partial(move.move, to=given.to, files_to=given.files_to), level="ERROR")
    _look("migrate")(given)


def _copy(name: str) -> Command:
    """backup or restore."""

    def copy(given: argparse.Namespace) -> None:
        from bot.app import backup, process

        process.finish(given.config, partial(getattr(backup, name), path=given.path), level="ERROR")

    return copy


def _restored(given: argparse.Namespace) -> None:
    from bot.app import backup, process

    process.finish(given.config, backup.restored, level="ERROR")


def _demo(given: argparse.Namespace) -> None:
    from playground.demo import main as show

    sys.exit(show(given.video, given.range))


def _playground(given: argparse.Namespace) -> None:
    from playground.browser import main as serve
    from playground.trouble import Trouble

    trouble = None if given.trouble is None else Trouble(given.trouble)

    sys.exit(serve(given.port, without_sora=given.without_sora, locale=given.locale, trouble=trouble))


def _port(typed: str) -> int:
    port = int(typed) if typed.isdecimal() else -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def _shards(typed: str) -> Shards:
    from bot.app.roles import Shards

    try:
        return Shards.parse(typed)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def parser() -> argparse.ArgumentParser:
    """Every command with its options. Each imports what it needs only when it runs."""
    made = argparse.ArgumentParser(
        prog="castbook", description="A Discord bot that turns a short clip into a reusable video character."
    )
    commands = made.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Command, about: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=about)
        added.set_defaults(run=run)
        return added

    configured = [
        command("run", _run, "Run the bot until SIGTERM or SIGINT."),
        command("check", _look("check"), "Check the settings, the database, the files, the balance and the token."),
        command("invite", _look("invite"), "Print the link that invites the bot to a server."),
        migrate := command("migrate", _migrate, "Bring the database to this version, then stop."),
        command("restored", _restored, "Make a PostgreSQL that pg_restore has put back safe to start on."),
        command("backup", _copy("backup"), "Copy the database and all files into a folder, also while it runs."),
        command("restore", _copy("restore"), "Restore a backup, where there is no data yet and no bot running."),
    ]
    for added in configured:
        added.add_argument("--config", type=Path, metavar="PATH", help="the settings; otherwise config.toml")
    for added in configured[-2:]:
        added.add_argument("path", type=Path, metavar="PATH", help="the folder of the backup")
    migrate.add_argument(
        "--to",
        metavar="URL",
        help="move the library from SQLite to this PostgreSQL, which is empty; its password belongs in store.password, "
        "not in the address, which everybody on the machine can read",
    )
    migrate.add_argument("--files-to", metavar="URL", help="copy the files from their folder to this bucket, s3://…")
    configured[0].add_argument(
        "--role",
        choices=("all", "http", "gateway", "worker", "web"),
        default="all",
        help="all, the default: on Discord's gateway; http: interactions come to /interactions, without the gateway; "
        "gateway, worker, web: a part of it, beside others on one PostgreSQL",
    )
    configured[0].add_argument(
        "--shards", type=_shards, metavar="RANGE", help="the shards of this gateway, such as 0-15/64; otherwise all"
    )
    demo = command("demo", _demo, "Show the main job without accounts: Discord and the provider are simulated.")
    demo.add_argument("--video", type=Path, metavar="PATH", help="your own clip; otherwise one is rendered")
    demo.add_argument("--range", metavar="RANGE", help="its seconds, such as 1,3; otherwise the bot's first suggestion")
    playground = command("playground", _playground, "The same in a browser. Stays up.")
    playground.add_argument("--port", type=_port, default=0, help="loopback port; 0, the default, takes a free one")
    playground.add_argument(
        "--without-sora", action="store_true", help="the provider has no model that makes characters"
    )
    playground.add_argument("--locale", choices=LOCALES, default=LOCALES[0], help="the language of everybody's Discord")
    troubles = ("faces", "sound", "large", "late")
    playground.add_argument("--trouble", choices=troubles, help="what goes wrong there, over and over")
    return made


def main() -> None:
    """The console script."""
    given = parser().parse_args()
    given.run(given)


if __name__ == "__main__":
    main()
