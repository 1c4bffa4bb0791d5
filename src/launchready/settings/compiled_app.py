"""The features of one app, what answers their operations, and which of them a request meets.

Order, outermost first: timing, health, https, cors, rate limit, cache, idempotency, app. So a 429, a 409 and a 503
carry the CORS headers, a cached answer is counted, and what is stored holds only the app's own headers.
"""

from collections.abc import Callable, Sequence
from weakref import WeakSet

from launchready.clock import SYSTEM, Clock
from launchready.core import cors as core_cors
from launchready.core import health as core_health
from launchready.core.idempotency import Idempotency, KeyContext
from launchready.core.ratelimit import Bans
from launchready.core.ratelimit import RateLimit as Limiter
from launchready.dashboard.feature import DashboardFeature
from launchready.dashboard.prometheus_path import PrometheusEndpoint
from launchready.exchange.app import Feature, ReadMetrics, ReadStatus
from launchready.http.routes import RouteTable
from launchready.metrics.collector import MetricsCollector
from launchready.metrics.export.prometheus import text
from launchready.metrics.status import status
from launchready.runtime.adapter import OperationAdapter
from launchready.runtime.cache_registry import CACHES, RegisteredCache
from launchready.runtime.current import ViewFeatures
from launchready.runtime.route_check import RouteCheck
from launchready.settings.cors import CORS, compile_cors
from launchready.settings.problems import Problems
from launchready.settings.unknown_outcomes import UnknownOutcomes

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
Plan = tuple[Feature, ...]


COMPILED_APPS: "WeakSet[CompiledApp]" = WeakSet()
"""The apps of this process."""


class CompiledApp:
    """One app's features. ``answers`` is their adapter.

    Which of them a request meets: those of ``health`` by path (health and the dashboard answer alone), else of
    ``plans`` by method, else ``other``.
    """

    route_check: RouteCheck
    """Compares patterns and decorators with the app's routes, at the first request."""
    declared: RouteTable[str] = RouteTable({})
    """Of an app without a framework: its templates, as the settings say them."""

    def __init__(
        self,
        answers: OperationAdapter,
        features: Sequence[Feature],
        health: core_health.Health | None,
        keeper: MetricsCollector | None,
        targets: RouteTable[float],
        release: str,
        key_context: KeyContext,
        cache: RegisteredCache | None = None,
        pages: Sequence[DashboardFeature | PrometheusEndpoint] = (),
        clock: Clock = SYSTEM,
    ) -> None:
        self.adapter = answers
        self.key_context = answers.key_context = key_context
        COMPILED_APPS.add(self)
        self.limiter = next((feature for feature in features if isinstance(feature, Limiter)), None)
        self.release = release
        self.keeper = keeper
        self.timings = keeper.timings if keeper is not None else None
        self.targets = targets
        self._clock = clock
        self.cache = cache
        if cache is not None:
            CACHES.add(cache)
        write = tuple(features)
        read = tuple(feature for feature in features if feature.name != "idempotency")
        self.owned = core_cors.OWNED if any(feature.name == "cors" for feature in features) else frozenset[bytes]()
        self.keyed = any(isinstance(feature, Idempotency) and feature.elsewhere for feature in features)
        self.plans = {method: read if method in SAFE else write for method in METHODS}
        self.other = write
        self.sockets = tuple(feature for feature in features if feature.name in {"cors", "rate_limit"})
        self.health: dict[str, Plan] = dict.fromkeys(health.paths, (health,)) if health is not None else {}
        for each in pages:
            self.health |= dict.fromkeys(each.paths, (each,))
        self.unresolved: UnknownOutcomes | None = None
        self._protects = any(isinstance(feature, Idempotency) for feature in features)
        self.policy: object = None  # the CORS settings as they were given, and what makes a feature of others
        self.compile_cors: Callable[[Problems, CORS], Feature] = compile_cors
        answers.set_reader(ReadStatus, self.status)
        answers.set_reader(ReadMetrics, self._scrape)

    def replace(self, feature: Feature) -> None:
        """A feature takes the place of the one of its name. A request reads its plan once, and meets one of them."""

        def swapped(plan: Plan) -> Plan:
            return tuple([feature if each.name == feature.name else each for each in plan])

        self.sockets, self.other = swapped(self.sockets), swapped(self.other)
        self.plans = {method: swapped(plan) for method, plan in self.plans.items()}

    @property
    def bans(self) -> Sequence[Bans]:
        """The rules by which this app bans."""
        return self.limiter.bans if self.limiter is not None else ()

    def status(self) -> dict[str, object]:
        """What is known of the app on this machine: the data of the dashboard, see docs/dashboard.md."""
        known: dict[str, object] = {
            "release": self.release,
            "store": "up" if self.adapter.reachable else "down",
            "idempotency": self._idempotency(),
        }
        if self.limiter is not None:
            known["rate_limit"] = dict(self.limiter.counts)
        if self.cache is not None:
            known["cache"] = self.cache.feature.rows()
            known["cacheable"] = self.cache.feature.suggestions()
        if self.keeper is None:
            return {**known, "routes": []}
        return {**known, **status(self.keeper, self._target, self._clock.wall())}

    def _idempotency(self) -> dict[str, object]:
        """What this process counted; and what all of them left open, where anything is protected here."""
        known: dict[str, object] = {**self.key_context.counts.as_dict()}
        if self.unresolved is not None and (self._protects or ViewFeatures.views):
            known["unresolved"] = self.unresolved()
        return known

    def _scrape(self) -> str:
        if self.keeper is None:
            return ""
        with self.keeper.reading() as ledger:
            return text(ledger, self._clock.wall())

    def _target(self, method: str, route: str) -> float | None:
        return self.targets.find(method, route, None)
