"""Runs one piece of work as a process: settings, logs, exit code. A failed start prints one sentence."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NoReturn, TypeAlias
from urllib.parse import unquote, urlsplit

from bot import limits, log
from bot.config import Settings, load
from bot.errors import BadStart

Work: TypeAlias = Callable[[Settings], Coroutine[Any, Any, int]]


def finish(config: Path | None, work: Work, *, level: str | None = None) -> NoReturn:
    """Run ``work`` with the settings and exit with its code, or with 78 or 69 and a sentence on stderr.

    ``level`` replaces ``log.level``, for work whose own output is the answer.
    """
    sys.setswitchinterval(limits.SWITCH_INTERVAL)
    try:
        settings = load(config, os.environ)
        logs = settings.log.model_copy(update={"level": level}) if level else settings.log
        secrets = [settings.discord.token, settings.toapis.api_key, *settings.toapis.webhook_secrets]
        secrets += [settings.store.password, settings.store.access_key_id, settings.store.secret_access_key]
        aws = [os.environ.get(name, "") for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")]  # read by obstore
        in_url = urlsplit(settings.store.url).password or ""
        log.configure(logs, secrets=[*(secret.get_secret_value() for secret in secrets), in_url, unquote(in_url), *aws])
        logging.captureWarnings(True)  # as log lines
        code = asyncio.run(work(settings))
    except BadStart as error:
        print(f"castbook: {error}", file=sys.stderr)
        code = error.exit_code
    except KeyboardInterrupt:
        code = 130
    except Exception as error:  # noqa: BLE001 - a defect that ends the process is logged as any other, secrets masked
        log.unexpected("process_failed", error)
        code = 1
    sys.exit(code)
