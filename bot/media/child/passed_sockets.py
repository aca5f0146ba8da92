"""Sockets for a child that may not open any: the bot passes each of them, connected to its own proxy.

A library in the child believes that it has connected to the address it named; in fact it always gets the proxy.
"""

from __future__ import annotations

import socket
import threading


def receive_sockets(network: int) -> None:
    """Make ``socket.socket`` obtain its sockets through the descriptor ``network`` (:mod:`bot.media.site_proxy`)."""
    import ssl  # noqa: F401 - it subclasses the class that it finds, which must be the real one

    asked = _Asked(network)

    class PassedSocket(socket.socket):
        """A connection to the proxy, whatever address it is told to connect to."""

        def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: int | None = None) -> None:
            if fileno is None:
                super().__init__(fileno=asked.socket())
            else:
                super().__init__(family, type, proto, fileno)

        def connect(self, address: object) -> None:
            """No-op: the socket is already connected."""

        def setsockopt(self, *_: object) -> None:
            """No-op: this is no TCP socket."""

    vars(socket)["socket"] = PassedSocket


class _Asked:
    def __init__(self, network: int) -> None:
        self._network = socket.socket(fileno=network)
        self._lock = threading.Lock()

    def socket(self) -> int:
        """The descriptor of a new connection. Raises :class:`OSError` if there are no more."""
        with self._lock:
            self._network.send(b"+")
            _, descriptors, _, _ = socket.recv_fds(self._network, 1, 1)
        if not descriptors:
            raise ConnectionRefusedError("no more connections")
        return descriptors[0]
