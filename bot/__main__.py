"""The command line: parses, then hands over to app."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer

cli = typer.Typer(
    name="castbook",
    help="A Discord bot that turns a short clip into a reusable video character.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Config = Annotated[Path | None, typer.Option("--config", help="The settings; without it config.toml, if there is one.")]


@cli.command()
def run(config: Config = None) -> None:
    """Serve, until SIGTERM or SIGINT."""
    _become_the_service(config)


@cli.command()
def check(config: Config = None) -> None:
    """Look at the settings, the database, the provider's balance and Discord's token; a line each."""
    from bot.app import check, process

    process.finish(config, check.check, level="ERROR")


@cli.command()
def invite(config: Config = None) -> None:
    """Print the link with which a server invites the bot."""
    from bot.app import check, process

    process.finish(config, check.invite, level="ERROR")


@cli.command()
def migrate(config: Config = None) -> None:
    """Bring the database to this version, then stop."""
    from bot.app import check, process

    process.finish(config, check.migrate, level="ERROR")


@cli.command()
def backup(
    path: Annotated[Path, typer.Argument(help="A new folder.")],
    config: Config = None,
) -> None:
    """Copy the database and all files into a folder, also while the bot runs."""
    from bot.app import backup, process

    process.finish(config, partial(backup.backup, path=path), level="ERROR")


@cli.command()
def restore(
    path: Annotated[Path, typer.Argument(help="The folder of a backup.")],
    config: Config = None,
) -> None:
    """Put a backup where the settings say that everything is kept; nothing may be there, and no bot running."""
    from bot.app import backup, process

    process.finish(config, partial(backup.restore, path=path), level="ERROR")


@cli.command()
def demo(
    video: Annotated[Path | None, typer.Option(help="Your own clip; without it one is rendered.")] = None,
    range: Annotated[
        str | None, typer.Option(help="The seconds to use, such as 1,3; without them the bot's first suggestion.")
    ] = None,
) -> None:
    """Show the main job without accounts: simulated Discord, simulated provider. Ends by itself."""
    from playground.demo import main as show

    raise typer.Exit(show(video, range))


@cli.command()
def playground(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Loopback port; 0 takes a free one.")] = 0,
) -> None:
    """The same in a browser: simulated Discord, simulated provider. Stays up."""
    from playground.browser import main as serve

    raise typer.Exit(serve(port))


def _become_the_service(config: Path | None) -> NoReturn:
    """Replace this process, command line and all, by ``python -m bot.app``: the same code, and less memory.

    Six threads, idle most of the time, need no heap each: one arena, and what is free goes back early (glibc).
    """
    environ = {
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_TRIM_THRESHOLD_": "65536",
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    argv = [sys.executable, "-P", "-m", "bot.app", *([] if config is None else [str(config)])]
    sys.stdout.flush()
    os.execve(sys.executable, argv, environ)  # noqa: S606 - it is this very program


def main() -> None:
    """The console script."""
    cli()


if __name__ == "__main__":
    main()
