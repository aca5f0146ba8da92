"""``/metrics`` for Prometheus, on its own port, because the other one may be public."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, Metric, generate_latest
from prometheus_client.registry import Collector

from bot import limits
from bot.concurrency import within
from bot.metrics import READABLE
from bot.web.site import ListenErrors, Site

Gauges: TypeAlias = Callable[[], Awaitable[Sequence[Metric]]]

log = structlog.get_logger(__name__)


class MetricsServer(Site):
    """``GET /metrics``: the counters of ``registry``, and ``gauges``, read at that moment.

    Gauges that cannot be read within two seconds are left out, and ``castbook_gauges_readable`` is 0: the counters are
    needed most when the database hangs.
    """

    def __init__(self, host: str, port: int, registry: CollectorRegistry, gauges: Gauges) -> None:
        super().__init__(host, port, (web.get("/metrics", self._metrics),), _LISTEN_ERRORS)
        self._registry = registry
        self._gauges = gauges

    async def start(self) -> None:
        """Listen, and log the address, since the port may be any free one. Raises BadStart."""
        await super().start()
        log.info("metrics_served", port=self.port)

    async def _metrics(self, _: web.Request) -> web.Response:
        gauges = await self._read()
        READABLE.set(gauges is not None)
        body = generate_latest(_Page(self._registry.collect(), gauges or ()))
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    async def _read(self) -> Sequence[Metric] | None:
        try:
            return await within(limits.METRICS_READ_SECONDS, self._gauges())
        except Exception as error:  # noqa: BLE001 - the counters are served whatever happens to the gauges
            log.warning("gauges_not_read", error=type(error).__name__)
            return None


class _Page(Collector):
    """The metrics of one scrape."""

    def __init__(self, *parts: Iterable[Metric]) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        for part in self._parts:
            yield from part


_LISTEN_ERRORS = ListenErrors(
    taken="The metrics server cannot listen: another program already has the port in web.metrics_port.",
    otherwise="The metrics server cannot listen on web.metrics_port: there is no right to use that port.",
)
