"""The address guard: decides which links may be fetched, and connects only to public addresses."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias
from urllib.parse import urlsplit

import aiohttp
from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.errors import BadLink
from bot.texts import Text, text

Resolve: TypeAlias = Callable[[str, int], Awaitable[list[str]]]
"""All addresses for a name and port, as text. Raises :class:`OSError` if there are none."""
OpenSocket: TypeAlias = Callable[[AddrInfoType], socket.socket]
_QUOTED = re.compile(r"[!-~]+")  # needs no quoting
Origin: TypeAlias = tuple[str, str, int]
"""Scheme, host (lower case, punycode) and port."""

_SCHEMES = frozenset({"http", "https"})
_PORTS = frozenset({80, 443})
_NAME_LENGTH = 253  # RFC 1035 section 2.3.4, without the trailing dot
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_\-]{0,61}[a-z0-9_])?")
# A last label such as these makes browsers and inet_aton read the whole host as an IPv4 address (WHATWG URL).
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Names for this machine, this network or a cloud's own metadata (RFC 6761, RFC 6762, ICANN's reserved .internal).
_LOCAL_NAMES = frozenset({"localhost", "localdomain", "local", "internal"})

_PROTOCOL_ASSIGNMENTS = IPv4Network("192.0.0.0/24")  # RFC 6890; parts of it are "global" to some Pythons
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # all that IANA has allocated; excludes fec0::/10, 64:ff9b:1::/48 …
_DOCUMENTATION = IPv6Network("3fff::/20")  # RFC 9637; Python 3.11 does not know it
_IPV4_IN_LAST_BITS = (
    IPv6Network("::ffff:0:0/96"),  # IPv4-mapped, RFC 4291
    IPv6Network("::/96"),  # IPv4-compatible, RFC 4291; includes ::1 and ::
    IPv6Network("64:ff9b::/96"),  # NAT64, RFC 6052
)


def is_public(address: str) -> bool:
    """Whether ``address`` (text, any family) is a global unicast address, in any notation.

    An IPv6 address that embeds IPv4 addresses (mapped, compatible, 6to4, Teredo's server and client, NAT64) is judged
    by these. Unusual spellings of addresses are not public, and neither are addresses with a zone id.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return _is_public_ipv4(parsed)
    if parsed.scope_id is not None:
        return False
    carried = _carried_ipv4(parsed)
    if carried:
        return all(map(_is_public_ipv4, carried))
    return parsed.is_global and parsed in _GLOBAL_UNICAST and parsed not in _DOCUMENTATION


def _is_public_ipv4(address: IPv4Address) -> bool:
    return address.is_global and not address.is_multicast and address not in _PROTOCOL_ASSIGNMENTS


def _carried_ipv4(address: IPv6Address) -> tuple[IPv4Address, ...]:
    if address.teredo:
        return address.teredo
    if address.sixtofour:
        return (address.sixtofour,)
    if any(address in prefix for prefix in _IPV4_IN_LAST_BITS):
        return (IPv4Address(int(address) & 0xFFFF_FFFF),)
    return ()


def origin_of(url: URL) -> Origin:
    """The origin of an absolute http(s) URL. Raises :class:`ValueError` if it has none."""
    if url.scheme not in _SCHEMES or not url.raw_host or url.port is None:
        raise ValueError("not an http or https origin")
    return url.scheme, url.raw_host, url.port


def as_typed(url: str) -> URL:
    """``url`` with its path and query unchanged, because a signature may cover these very characters.

    Spaces and letters beyond ASCII are quoted as in browsers. Raises :class:`ValueError`.
    """
    quoted = URL(url)
    if not _QUOTED.fullmatch(url):
        return quoted
    split = urlsplit(url)
    return URL.build(
        scheme=quoted.scheme,
        authority=quoted.raw_authority,
        path=split.path or "/",
        query_string=split.query,
        fragment=split.fragment,
        encoded=True,
    )


class AddressGuard:
    """Decides which URLs may be fetched, and makes connectors that connect to nothing else.

    ``exempt_origins`` (``https://cdn.discordapp.com``) skip the address and port checks if scheme, host and port match
    exactly; raises :class:`ValueError` for one that is no origin. ``resolve``, ``open_socket`` and ``trusts`` are seams
    for tests: the resolver, the sockets, and the trusted certificates.
    """

    def __init__(
        self,
        exempt_origins: Iterable[str],
        *,
        resolve: Resolve | None = None,
        open_socket: OpenSocket | None = None,
        trusts: ssl.SSLContext | None = None,
    ) -> None:
        self._exempt = frozenset(origin_of(URL(origin)) for origin in exempt_origins)
        self._resolve = resolve or _SystemLookup()
        self._open_socket = open_socket or _open_socket
        self._trusts = trusts

    def check(self, url: str | URL) -> URL:
        """Parse a link, and refuse what can be refused without a DNS lookup.

        Returns the URL to fetch. Raises :class:`~bot.errors.BadLink`. Whether the addresses of a *name* are public is
        checked when the connector looks them up to connect, so that they cannot change in between.
        """
        try:
            parsed = url if isinstance(url, URL) else as_typed(url)
            origin = origin_of(parsed)
            _ = parsed.host  # invalid punycode is detected only here, and such a host cannot be shown to anyone
        except ValueError:
            raise BadLink(_NOT_A_LINK) from None  # yarl's error quotes the link
        if parsed.user is not None or parsed.password is not None:
            raise BadLink(_CREDENTIALS)
        if origin in self._exempt:
            return parsed
        _, host, port = origin
        if port not in _PORTS:
            raise BadLink(_PORT)
        if not _may_be_public(host):
            raise BadLink(_NOT_PUBLIC)
        return parsed

    def exempts(self, url: URL) -> bool:
        """Whether ``url`` is on one of the exempt origins: exactly that scheme, host and port."""
        return origin_of(url) in self._exempt

    def connector(self) -> aiohttp.TCPConnector:
        """A new connector for everything that is not exempt. The caller closes it (a session does).

        It connects to the very addresses that were checked: they are looked up once per connection, without a cache.
        aiohttp does not ask the resolver about hosts that look like addresses, so each socket is checked again when it
        is created, with the address that the kernel gets.
        """
        return aiohttp.TCPConnector(
            resolver=_CheckedResolver(self.addresses),
            socket_factory=self._checked_socket,
            ssl=self._trusts or True,  # True: the system's authorities
            use_dns_cache=False,
            force_close=True,
        )

    async def addresses(self, host: str, port: int) -> list[str]:
        """All addresses of ``host``, if every one of them is public.

        Raises :class:`~bot.errors.BadLink` if a single one is not, :class:`OSError` if there are none.
        """
        found = await self._resolve(host, port)
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "no addresses")
        if not all(map(is_public, found)):
            raise BadLink(_NOT_PUBLIC)
        return found

    async def connected(self, url: URL) -> socket.socket:
        """A connection to the server of ``url``, which comes from :meth:`check`.

        Raises :class:`~bot.errors.BadLink` if one of its addresses is not public, :class:`OSError` if none answers.
        """
        _, host, port = origin_of(url)
        loop = asyncio.get_running_loop()
        exempt = self.exempts(url)
        found = [host] if exempt else await self.addresses(host, port)
        failure = OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH))
        for address in found:
            for info in await loop.getaddrinfo(address, port, type=socket.SOCK_STREAM):
                opened = _open_socket(info) if exempt else self._checked_socket(info)
                opened.setblocking(False)
                try:
                    await loop.sock_connect(opened, info[4])
                except BaseException as error:
                    opened.close()
                    if not isinstance(error, OSError):
                        raise
                    failure = error
                else:
                    return opened
        raise failure

    def _checked_socket(self, info: AddrInfoType) -> socket.socket:
        if not is_public(str(info[4][0])):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return self._open_socket(info)


def _may_be_public(host: str) -> bool:
    """Whether ``host`` (punycode, lower case) is a public address, or a name that may have one."""
    if ":" in host:
        return is_public(host)
    labels = host.removesuffix(".").split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return is_public(host)
    return (
        len(labels) > 1  # a bare name belongs to the local network, or gets its search domain appended
        and len(host) <= _NAME_LENGTH
        and labels[-1] not in _LOCAL_NAMES
        and all(map(_LABEL.fullmatch, labels))
    )


def _open_socket(info: AddrInfoType) -> socket.socket:
    family, kind, protocol, _, _ = info
    return socket.socket(family, kind, protocol)


class _SystemLookup:
    """The system's resolver, in its own threads.

    The author of a link may also run its name servers and make them slow. The event loop's threads, which discord.py
    needs for its lookups and we need for files, must not wait for those.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="link-names")

    async def __call__(self, host: str, port: int) -> list[str]:
        ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        return [str(address[0]) for *_, address in found]


class _CheckedResolver(AbstractResolver):
    """aiohttp's resolver interface over :meth:`AddressGuard.addresses`."""

    def __init__(self, addresses: Resolve) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in await self._addresses(host, port)
        ]

    async def close(self) -> None:
        """Do nothing: no resources are held."""


_NOT_A_LINK: Text = text("That isn't a link to a file. It should look like https://example.org/clip.mp4.")
_CREDENTIALS: Text = text("That link contains a user name or password. Please use one without.")
_PORT: Text = text("I only fetch links on the usual web ports (80 and 443). Please attach the file instead.")
_NOT_PUBLIC: Text = text(
    "That link doesn't lead to a public address, so I won't fetch it. Please attach the file instead."
)
