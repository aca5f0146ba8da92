"""The command line: parses, then hands over to app."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeAlias

import typer

from bot import log
from bot.config import Settings, load
from bot.errors import BadStart

cli = typer.Typer(
    name="castbook",
    help="A Discord bot that turns a short clip into a reusable video character.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Work: TypeAlias = Callable[[Settings], Coroutine[Any, Any, int]]
Config = Annotated[Path | None, typer.Option("--config", help="The settings; without it config.toml, if there is one.")]


@cli.command()
def run(config: Config = None) -> None:
    """Serve, until SIGTERM or SIGINT."""
    from bot.app import service

    _finish(config, service.run)


@cli.command()
def check(config: Config = None) -> None:
    """Look at the settings, the database, the provider's balance and Discord's token; a line each."""
    from bot.app import check

    _look(config, check.check)


@cli.command()
def invite(config: Config = None) -> None:
    """Print the link with which a server invites the bot."""
    from bot.app import check

    _look(config, check.invite)


@cli.command()
def migrate(config: Config = None) -> None:
    """Bring the database to this version, then stop."""
    from bot.app import check

    _look(config, check.migrate)


@cli.command()
def demo(
    video: Annotated[Path | None, typer.Option(help="Your own clip; without it one is rendered.")] = None,
    range: Annotated[str, typer.Option(help="The seconds to use, such as 1,3.")] = "1,3",
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


def _look(config: Path | None, work: Work) -> NoReturn:
    """For commands whose lines are the answer: nothing is logged beside them but errors."""
    _finish(config, work, level="ERROR")


def _finish(config: Path | None, work: Work, *, level: str | None = None) -> NoReturn:
    """Run ``work`` with the settings and exit with its code; a bad start is one sentence (78 or 69)."""
    try:
        settings = load(config, os.environ)
        logs = settings.log.model_copy(update={"level": level}) if level else settings.log
        secrets = [settings.discord.token.get_secret_value(), settings.toapis.api_key.get_secret_value()]
        log.configure(logs, secrets=secrets)
        code = asyncio.run(work(settings))
    except BadStart as error:
        print(f"castbook: {error}", file=sys.stderr)
        code = error.exit_code
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


def main() -> None:
    """The console script."""
    cli()


if __name__ == "__main__":
    main()
