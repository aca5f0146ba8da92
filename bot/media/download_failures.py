"""Messages for failed downloads, and whether another try could help."""

from __future__ import annotations

import socket

import aiohttp

from bot.errors import DownloadFailed
from bot.texts import Text, ntext, text

GONE = frozenset({404, 410})
CLOSED = frozenset({401, 403})
_TRY_LATER = frozenset({408, 425, 429})


def network_failure(error: aiohttp.ClientError | TimeoutError, host: str) -> DownloadFailed:
    """The error for a server that could not be reached, or broke the connection."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return DownloadFailed(_certificate(error.host), permanent=True)
    # A name that does not exist will not exist later; a name server that does not answer may.
    if isinstance(error, aiohttp.ClientConnectorDNSError) and error.errno == socket.EAI_NONAME:
        return DownloadFailed(_no_such_host(error.host), permanent=True)
    return DownloadFailed(trouble(host), permanent=False)


def refusal(status: int, host: str) -> DownloadFailed:
    """The error for a status that means there is no file."""
    if status >= 500 or status in _TRY_LATER:
        return DownloadFailed(
            text(
                "{host} can't send the file right now (error {status}). Please attach the file instead.",
                host=host,
                status=status,
            ),
            permanent=False,
        )
    if status in GONE:
        reason = text("There's no file at that link. Please attach the file instead.")
    elif status in CLOSED:
        reason = text("{host} doesn't let me download that file. Please attach the file instead.", host=host)
    else:
        reason = text(
            "{host} didn't send a file (answer {status}). Please attach the file instead.",
            host=host,
            status=status,
        )
    return DownloadFailed(reason, permanent=True)


def trouble(host: str) -> Text:
    """The error for a host that did not answer, or not in time."""
    return text("I couldn't reach {host}, or it was too slow. Please attach the file instead.", host=host)


def too_slow(host: str, seconds: float) -> Text:
    """The error for a download that took too long."""
    return ntext(
        "{host} is too slow: I didn't have the whole file after {count} second. Please attach the file instead.",
        "{host} is too slow: I didn't have the whole file after {count} seconds. Please attach the file instead.",
        host=host,
        count=round(seconds),
    )


def _no_such_host(host: str) -> Text:
    return text("I couldn't reach {host}. Please check the link, or attach the file instead.", host=host)


def _certificate(host: str) -> Text:
    return text(
        "The certificate of {host} isn't valid, so I don't trust it. Please attach the file instead.",
        host=host,
    )


def too_large(max_bytes: int) -> Text:
    """The error for a file above the size limit."""
    return text(
        "The file is larger than {limit} MB, the most I can take. Please attach a shorter clip.",
        limit=float(f"{max_bytes / 2**20:.3g}"),
    )


ATTACHMENT_GONE: Text = text(
    "Discord no longer gives me that attachment: its links stop working within a day. Please attach the file again."
)
WEB_PAGE: Text = text(
    "That link leads to a web page, not to a video file. Please download the video and attach it instead."
)
ENCODED: Text = text("The server compressed that file in a way I can't read. Please attach the file instead.")
EMPTY: Text = text("The file is empty. Please attach another one.")
TOO_MANY_REDIRECTS: Text = text("That link redirects too many times. Please attach the file instead.")
BAD_REDIRECT: Text = text("That link redirects to an address I won't fetch from. Please attach the file instead.")
