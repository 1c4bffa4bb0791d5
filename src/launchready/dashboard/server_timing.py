"""``Server-Timing``: the duration of this response, for the browser's developer tools.

It is sent to the site's own pages (``Sec-Fetch-Site: same-origin``) and to viewers of the dashboard only: the time of a
query can reveal whether an account exists. ``Timing-Allow-Origin`` is left alone, so scripts of other origins cannot
read it either. W3C Server Timing: metric names are tokens, ``dur`` is in milliseconds.
"""

from collections.abc import Callable

from launchready.exchange.app import Forward
from launchready.exchange.operations import Flow
from launchready.http.message import Request, Response
from launchready.metrics.query_times import HTTP, QUERY_TIMES, SQL


class ServerTiming:
    """``is_viewer``: whether the request may see the dashboard. ``clock``: monotonic seconds."""

    name = "server timing"

    def __init__(self, is_viewer: Callable[[Request], bool], clock: Callable[[], float]) -> None:
        self._is_viewer = is_viewer
        self._clock = clock

    def handle(self, request: Request) -> Flow[Response | None]:
        started = self._clock()
        if request.get(b"sec-fetch-site") != b"same-origin" and not self._is_viewer(request):
            return None
        app = Forward()
        yield app
        parts = [f"app;dur={(self._clock() - started) * 1000:.1f}"]
        spent = QUERY_TIMES.get()
        if spent is not None:
            for kind, name, word in ((SQL, "db", "queries"), (HTTP, "out", "calls")):
                calls, seconds = spent.total(kind)
                if calls:
                    parts.append(f'{name};dur={seconds * 1000:.1f};desc="{calls} {word}"')
        app.answer.headers.append((b"server-timing", ", ".join(parts).encode()))
        return None
