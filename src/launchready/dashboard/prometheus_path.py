"""The path for Prometheus: 404 without the token."""

from hmac import compare_digest

from launchready.exchange.app import ReadMetrics
from launchready.exchange.operations import Flow
from launchready.http.message import Request, Response
from launchready.http.problem import NO_STORE
from launchready.metrics.export.prometheus import TYPE


class PrometheusEndpoint:
    """``token`` None: readable by anyone."""

    name = "metrics"

    def __init__(self, path: str, token: str | None) -> None:
        self.paths = frozenset({path})
        self._bearer = f"Bearer {token}".encode() if token is not None else None

    def handle(self, request: Request) -> Flow[Response | None]:
        given = request.get(b"authorization") or b""
        known = self._bearer is None or compare_digest(given, self._bearer)
        if request.method not in ("GET", "HEAD") or not known:
            return Response(404, [(b"content-length", b"0"), NO_STORE], b"")
        scrape = ReadMetrics()
        yield scrape
        body = scrape.answer.encode()
        return Response(200, [(b"content-type", TYPE), (b"content-length", b"%d" % len(body)), NO_STORE], body)
