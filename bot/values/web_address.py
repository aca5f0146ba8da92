"""Recognises http and https URLs. Whether one may be fetched is for the address guard to decide."""

from __future__ import annotations

from typing import TypeGuard

from yarl import URL


def is_web_address(value: object, *, most: int) -> TypeGuard[str]:
    """Whether ``value`` is an http or https URL with a host, of at most ``most`` characters."""
    if not isinstance(value, str) or len(value) > most:
        return False
    try:
        url = URL(value)
        return url.scheme in {"http", "https"} and bool(url.host)
    except ValueError:  # also for a host that is no domain name
        return False
