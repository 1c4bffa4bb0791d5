"""``Signals(...)``: answers that are events of the business."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from launchready.http.routes import RouteTable
from launchready.metrics.timing import SeriesKey
from launchready.settings.problems import Problems

_RULE = re.compile(r"(?P<route>.+?)\s+(?P<statuses>(?:[1-5](?:\d\d|xx))(?:\|[1-5](?:\d\d|xx))*)")
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Signals:
    """Counts an event for each answer of a route with a status, without a line in the app.

    - ``routes``: by name of the event, a route and the statuses that mean it: ``{"login.failed": "POST /login 401",
      "payment.failed": ["POST /payments 402|5xx", "POST /checkout 5xx"]}``. The route is as it is declared, with its
      parameters. What has no status is told by ``launchready.signal("email.failed")``.
    """

    routes: Mapping[str, str | Sequence[str]] = field(default_factory=dict)


Rules = Callable[[SeriesKey], Sequence[str]]


def compile_signals(problems: Problems, settings: Signals) -> Rules:
    """What a request counts as, by its key. Every mistake goes to ``problems``."""
    rows: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for name, given in problems.mapping("signals.routes", settings.routes).items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            problems.add(f'signals.routes: {name!r} is no name; write lower case words and dots, as "login.failed"')
        for text in [given] if isinstance(given, str) else problems.strings(f"signals.routes[{name!r}]", given):
            found = _RULE.fullmatch(text.strip())
            route = problems.route("signals.routes", found["route"]) if found is not None else None
            if found is None:
                problems.add(
                    f'signals.routes[{name!r}]: {text!r}: write a route and statuses, as "POST /login 401|5xx"'
                )
            elif route is not None:
                rows.setdefault(route, []).append((str(name), frozenset(found["statuses"].split("|"))))
    table = RouteTable(rows)

    def rules(key: SeriesKey) -> Sequence[str]:
        wanted = {str(key.status), f"{key.status // 100}xx"}
        return [name for name, statuses in table.find(key.method, key.route, []) if statuses & wanted]

    return rules
