"""Settings compiled: the features of one app, what answers their operations, and which of them a request meets.

Order, outermost first: timing, health, https, cors, rate limit, cache, idempotency, app. So a 429, a 409 and a 503
carry the CORS headers, a cached answer is counted, and what is stored holds only the app's own headers.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from threading import Thread
from typing import Any
from weakref import WeakSet

from launchready.clock import SYSTEM, Clock
from launchready.core import cors as core_cors
from launchready.core import health as core_health
from launchready.core.idempotency import Idempotency as Once
from launchready.core.idempotency import Vault
from launchready.core.identity import Identity
from launchready.core.ratelimit import Bans, Client
from launchready.core.ratelimit import RateLimit as Limiter
from launchready.dashboard.feature import Dashboard as Page
from launchready.dashboard.repeats import Repeats
from launchready.dashboard.scrape import Metrics
from launchready.dashboard.server_timing import ServerTiming
from launchready.drivers.answers import Answers
from launchready.drivers.caches import CACHES, Known
from launchready.drivers.probes import Probes
from launchready.errors import ConfigError, MissingExtra
from launchready.exchange.app import Feature, Look, Scrape
from launchready.exchange.ops import Inline
from launchready.exchange.store import GiveHere, TakeHere
from launchready.http.routes import RouteTable
from launchready.metrics.export.prometheus import text
from launchready.metrics.keeper import Keeper, start
from launchready.metrics.marks import settle
from launchready.metrics.status import status
from launchready.metrics.timing import Timings
from launchready.redaction import install
from launchready.settings import deployment
from launchready.settings.cache import Cache, compile_cache
from launchready.settings.cors import CORS, compile_cors
from launchready.settings.dashboard import Dashboard, compile_dashboard
from launchready.settings.fingerprint import fingerprint
from launchready.settings.health import Health, compile_health, compile_probes
from launchready.settings.https import HTTPS, compile_https
from launchready.settings.idempotency import Idempotency, compile_idempotency
from launchready.settings.problems import Problems, coerce
from launchready.settings.rate_limit import RateLimit, compile_rate_limit
from launchready.settings.redaction import Redaction, compile_redaction
from launchready.settings.sealing import vault
from launchready.settings.signals import Signals, compile_signals
from launchready.settings.timing import Timing, compile_metrics, compile_targets, ledger_path
from launchready.stores import connect
from launchready.stores.base import Store
from launchready.stores.memory import MemoryStore

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
OPTIONS = (
    "store", "release", "secret_key", "trusted_proxies", "cors", "https", "rate_limit", "cache", "idempotency",
    "redaction", "timing", "health", "dashboard", "signals",
)  # fmt: skip

TOUCHED = ("redis:", "rediss:", "valkey:", "unix:")
"""Stores that learn something when the app is built; the others have nothing to do then."""

Plan = tuple[Feature, ...]


STACKS: "WeakSet[Stack]" = WeakSet()
"""The apps of this process."""


class Stack:
    """One app's features. ``answers`` is their adapter.

    Which of them a request meets: those of ``health`` by path (health and the dashboard answer alone), else of
    ``plans`` by method, else ``other``.
    """

    def __init__(
        self,
        answers: Answers,
        features: Sequence[Feature],
        health: core_health.Health | None,
        keeper: Keeper | None,
        targets: RouteTable[float],
        release: str,
        vault: Vault,
        cache: Known | None = None,
        pages: Sequence[Page | Metrics] = (),
        clock: Clock = SYSTEM,
    ) -> None:
        self.answers = answers
        self.vault = answers.vault = vault
        STACKS.add(self)
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
        self.keyed = any(isinstance(feature, Once) and feature.elsewhere for feature in features)
        self.plans = {method: read if method in SAFE else write for method in METHODS}
        self.other = write
        self.sockets = tuple(feature for feature in features if feature.name in {"cors", "rate_limit"})
        self.health: dict[str, Plan] = dict.fromkeys(health.paths, (health,)) if health is not None else {}
        for each in pages:
            self.health |= dict.fromkeys(each.paths, (each,))
        self.policy: object = None  # the CORS settings as they were given, and what makes a feature of others
        self.compile_cors: Callable[[Problems, CORS], Feature] = compile_cors
        answers.reads(Look, self.status)
        answers.reads(Scrape, self._scrape)

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
            "store": "up" if self.answers.reachable else "down",
            "idempotency": self.vault.counts.as_dict(),
        }
        if self.limiter is not None:
            known["rate_limit"] = dict(self.limiter.counts)
        if self.cache is not None:
            known["cache"] = self.cache.feature.rows()
            known["cacheable"] = self.cache.feature.suggestions()
        if self.keeper is None:
            return {**known, "routes": []}
        return {**known, **status(self.keeper, self._target, self._clock.wall())}

    def _scrape(self) -> str:
        if self.keeper is None:
            return ""
        with self.keeper.reading() as ledger:
            return text(ledger)

    def _target(self, method: str, route: str) -> float | None:
        return self.targets.find(method, route, None)


def build(settings: Mapping[str, Any], *, clock: Clock = SYSTEM, database: bool = False) -> Stack:
    """Check and compile. ``database``: the face has one of its own. Raises one ConfigError with every mistake."""
    problems = Problems()
    for name in settings:
        if name not in OPTIONS:
            problems.unknown("launchready", name, OPTIONS)
    given = {name: settings.get(name) for name in OPTIONS}
    cors = coerce(problems, "cors", given["cors"], CORS)
    https = coerce(problems, "https", given["https"], HTTPS)
    rate_limit = coerce(problems, "rate_limit", given["rate_limit"], RateLimit, "default")
    cache = coerce(problems, "cache", given["cache"], Cache)
    idempotency = coerce(problems, "idempotency", given["idempotency"], Idempotency)
    health = coerce(problems, "health", settings.get("health", Health()), Health)
    redaction = coerce(problems, "redaction", settings.get("redaction", Redaction()), Redaction)
    timing = coerce(problems, "timing", settings.get("timing", Timing()), Timing)
    release = deployment.release(given["release"])
    trusted = deployment.trusted_proxies(problems, given["trusted_proxies"])
    secret_key = given["secret_key"] or os.environ.get("LAUNCHREADY_SECRET_KEY")
    if secret_key is not None and not isinstance(secret_key, str):
        problems.add("secret_key: write a string of at least 32 random characters")
        secret_key = None
    url = deployment.store(given["store"]) if isinstance(given["store"], str | None) else "memory://"
    once = compile_idempotency(problems, idempotency, secret_key, "" if database else url) if idempotency else None
    workers = deployment.workers()
    limiter = (
        compile_rate_limit(problems, rate_limit, trusted, secret_key=secret_key, workers=workers)
        if rate_limit
        else None
    )
    own = f"https://{https.canonical_host}" if https and https.canonical_host else None
    store = _store(problems, given["store"])
    shared_cache = (
        compile_cache(problems, cache, clock, trusted, shared=store.shared, secret=secret_key) if cache else None
    )
    identity = Identity(trusted, prefix=rate_limit.ipv6_prefix if rate_limit else 64)
    recors = partial(compile_cors, own=own, vouches=identity.vouches)
    features: list[Feature | None] = [
        compile_https(problems, https, identity.vouches, clock.monotonic) if https else None,
        recors(problems, cors) if cors else None,
        limiter,
        shared_cache,
        once,
    ]
    redactor = compile_redaction(problems, redaction, secret_key) if redaction else None
    facts = core_health.Facts(release, clock.wall(), fingerprint(settings))
    healthy = compile_health(problems, health, facts) if health else None
    probes = compile_probes(problems, health) if health else Probes({})
    targets = compile_targets(problems, timing) if timing else RouteTable[float]({})
    dashboard = coerce(problems, "dashboard", given["dashboard"], Dashboard, "path")
    page = compile_dashboard(problems, dashboard, secret_key, clock.wall) if dashboard else None
    scraped = compile_metrics(problems, timing) if timing else None
    pages = [each for each in (page, scraped) if each is not None]
    signals = coerce(problems, "signals", given["signals"], Signals, "routes")
    rules = compile_signals(problems, signals) if signals else None
    path = ledger_path(problems, timing, url) if timing else None
    problems.raise_if_any()
    if redactor is not None:
        install(redactor)
    here = MemoryStore(clock)
    if rate_limit and limiter:
        for each in (here, store):
            if isinstance(each, MemoryStore):
                each.windows.max_keys = rate_limit.max_keys
        if isinstance(store, MemoryStore):
            limiter.count = store.windows.take
    here_ops: Inline = {
        TakeHere: here.windows.take,
        GiveHere: here.windows.give,
        Client: partial(_who, identity),
    }
    answers = Answers(store, probes, here_ops)
    answers.url, answers.secret = url, secret_key
    if url.startswith(TOUCHED):
        Thread(target=store.touch, name="launchready-touch", daemon=True).start()
    keeper = Keeper(Timings(release), path, clock) if timing else None
    if keeper is not None:
        keeper.ready = probes.ready
        probes.asked = start
        keeper.rules = rules or keeper.rules
        keeper.exporter = timing.exporter if timing else None
        settle(keeper)
    shared = once.vault if once else vault(secret_key)
    if timing and timing.server_timing:
        features.insert(0, ServerTiming(page.sees if page else lambda _: False, clock.monotonic))
    if timing and timing.repeats and keeper is not None:
        features.append(Repeats(keeper.timings.reread))
    serving = [each for each in features if each is not None]
    known = Known(answers, shared_cache) if shared_cache is not None else None
    stack = Stack(answers, serving, healthy, keeper, targets, release, shared, known, pages, clock)
    if cors:
        stack.policy, stack.compile_cors = given["cors"], recors
    return stack


def _store(problems: Problems, value: Store | str | None) -> Store:
    if value is not None and not isinstance(value, str):
        if hasattr(value, "aexecute"):
            return value
        problems.add(f'store={value!r}: write a URL, for example "sqlite:///launchready.db"')
        return MemoryStore()
    try:
        return connect(deployment.store(value))
    except ConfigError as error:
        for line in error.problems:
            problems.add(line)
    except MissingExtra as missing:
        problems.lack(missing)
    return MemoryStore()


def _who(identity: Identity, op: Client) -> None:
    op.answer = identity(op.request)
