"""A file attached in Discord as the source of a job, judged by what Discord says of it before a byte is fetched."""

from __future__ import annotations

import discord

from bot.errors import BadFile
from bot.texts import text
from bot.values.source import Attachment

_MB = 1024 * 1024


def attached(file: discord.Attachment, *, max_bytes: int) -> Attachment:
    """Take ``file`` as a source. Raises :class:`~bot.errors.BadFile` where it is larger than ``max_bytes``.

    Whether it is a video is seen by its first bytes, once they are here: the type and the ending are only claims.
    """
    if file.size > max_bytes:
        raise BadFile(
            text(
                "That file has {size} MB, and {limit} MB is the most I can take. Attach a shorter or smaller clip; "
                "nothing was charged.",
                size=-(-file.size // _MB),
                limit=max_bytes // _MB,
            )
        )
    return Attachment(url=file.url, filename=file.filename, size=file.size)
