"""Settings compiled: read, made into features, put together. Every mistake is told before anything has an effect."""

from collections.abc import Mapping
from functools import partial
from threading import Thread
from typing import Any

from launchready.clock import SYSTEM, Clock
from launchready.core import health as core_health
from launchready.core.identity import Identity
from launchready.core.ratelimit import IdentifyClient
from launchready.core.ratelimit import RateLimit as Limiter
from launchready.dashboard.repeated_reads import RepeatedReads
from launchready.dashboard.server_timing import ServerTiming
from launchready.errors import ConfigError, MissingExtra
from launchready.exchange.app import Feature
from launchready.exchange.operations import Inline
from launchready.exchange.store import ConsumeLocal, RefundLocal
from launchready.http.routes import RouteTable
from launchready.metrics.collector import MetricsCollector, start
from launchready.metrics.events import set_collector
from launchready.metrics.timing import Timings
from launchready.redaction import install
from launchready.runtime.adapter import OperationAdapter
from launchready.runtime.cache_registry import RegisteredCache
from launchready.runtime.health.access_log_filter import hide_successful_probes
from launchready.runtime.health.checks import HealthCheckRunner
from launchready.runtime.route_check import RouteCheck
from launchready.settings import deployment, untrusted_proxy
from launchready.settings.cache import Cache, compile_cache
from launchready.settings.compiled_app import CompiledApp
from launchready.settings.cors import CORS, compile_cors
from launchready.settings.dashboard import Dashboard, compile_dashboard
from launchready.settings.fingerprint import fingerprint
from launchready.settings.health import Health, compile_health, compile_probes
from launchready.settings.https import HTTPS, compile_https
from launchready.settings.idempotency import Idempotency, compile_idempotency
from launchready.settings.limits_store_check import check_counting
from launchready.settings.problems import Problems, coerce
from launchready.settings.rate_limit import RateLimit, compile_rate_limit
from launchready.settings.redaction import Redaction, compile_redaction
from launchready.settings.signals import Signals, compile_signals
from launchready.settings.signing import key_context
from launchready.settings.timing import Timing, compile_metrics, compile_routes, compile_targets, ledger_path
from launchready.settings.unknown_outcomes import Alert, UnknownOutcomes
from launchready.stores import connect
from launchready.stores.base import Store
from launchready.stores.memory import MemoryStore

OPTIONS = (
    "store", "release", "secret_key", "secret_key_fallbacks", "trusted_proxies", "cors", "https", "rate_limit", "cache",
    "idempotency", "redaction", "timing", "health", "dashboard", "signals", "strict",
)  # fmt: skip


def build(settings: Mapping[str, Any], *, clock: Clock = SYSTEM, database: bool = False) -> CompiledApp:
    """Check and compile. ``database``: the face has one of its own.

    Raises one ConfigError with every mistake, or MissingExtra where the settings are right.
    """
    problems = Problems()
    given = _Given(problems, settings)
    made = _Made(problems, given, clock, "" if database else given.url)
    strict = settings.get("strict", False)
    if not isinstance(strict, bool):
        problems.add(f"strict={strict!r}: write True or False")
    problems.raise_if_any()
    stack = _together(given, made, clock)
    patterns = [each for each in problems.patterns if each[0] != "timing.routes"]  # those declare routes
    stack.route_check = RouteCheck(patterns, strict=strict is True)
    return stack


class _Given:
    """The settings as their dataclasses, and the facts of the deployment."""

    def __init__(self, problems: Problems, settings: Mapping[str, Any]) -> None:
        for name in settings:
            if name not in OPTIONS:
                problems.unknown("launchready", name, OPTIONS)
        given = settings.get
        self.cors = coerce(problems, "cors", given("cors"), CORS)
        self.https = coerce(problems, "https", given("https"), HTTPS)
        self.rate_limit = coerce(problems, "rate_limit", given("rate_limit"), RateLimit, "default")
        self.cache = coerce(problems, "cache", given("cache"), Cache)
        self.idempotency = coerce(problems, "idempotency", given("idempotency"), Idempotency)
        self.health = coerce(problems, "health", given("health", Health()), Health)
        self.redaction = coerce(problems, "redaction", given("redaction", Redaction()), Redaction)
        self.timing = coerce(problems, "timing", given("timing", Timing()), Timing)
        self.dashboard = coerce(problems, "dashboard", given("dashboard"), Dashboard, "path")
        self.signals = coerce(problems, "signals", given("signals"), Signals, "routes")
        self.cors_as_given: object = given("cors")
        self.fingerprint = fingerprint(settings)
        self.release = deployment.release(given("release"))
        self.trusted = deployment.trusted_proxies(problems, given("trusted_proxies"))
        self.secret = deployment.secret_key(problems, given("secret_key"))
        self.fallbacks = deployment.secret_key_fallbacks(problems, given("secret_key_fallbacks"), self.secret)
        value = given("store")
        self.url = deployment.store(value) if isinstance(value, str | None) else "memory://"
        self.store = _store(problems, value)

    @property
    def secrets(self) -> tuple[str, ...]:
        """All that are known, the newest last, as itsdangerous takes them."""
        return (*reversed(self.fallbacks), self.secret) if self.secret else ()

    @property
    def origin(self) -> str | None:
        """The app's own public origin, where it is known."""
        return f"https://{self.https.canonical_host}" if self.https and self.https.canonical_host else None


class _Made:
    """What came of them: features, and what stands beside the way of a request."""

    def __init__(self, problems: Problems, given: _Given, clock: Clock, database: str) -> None:
        limit = given.rate_limit
        self.identity = identity = Identity(
            given.trusted, prefix=limit.ipv6_prefix if limit else 64, tell=untrusted_proxy.warn
        )
        self.cors = partial(compile_cors, own=given.origin, vouches=identity.vouches)
        self.limiter = _limiter(problems, given) if limit else None
        self.cache = (
            compile_cache(
                problems, given.cache, clock, given.trusted, shared=given.store.shared, secrets=given.secrets
            )
            if given.cache
            else None
        )  # fmt: skip
        once = given.idempotency
        self.once = compile_idempotency(problems, once, given.secret, database, given.fallbacks) if once else None
        self.features: list[Feature | None] = [
            compile_https(problems, given.https, identity.vouches, clock.monotonic) if given.https else None,
            self.cors(problems, given.cors) if given.cors else None,
            self.limiter,
            self.cache,
            self.once,
        ]
        if getattr(given.store, "counts_only", False):
            keeps = {"cache": given.cache is not None, "idempotency": given.idempotency is not None}
            check_counting(problems, self.limiter, given.https, **keeps)
        self.redactor = compile_redaction(problems, given.redaction, given.secret) if given.redaction else None
        facts = core_health.Facts(given.release, clock.wall(), given.fingerprint)
        self.health = compile_health(problems, given.health, facts) if given.health else None
        self.probes = compile_probes(problems, given.health) if given.health else HealthCheckRunner({})
        timing = given.timing
        self.targets = compile_targets(problems, timing) if timing else RouteTable[float]({})
        self.declared = compile_routes(problems, timing) if timing else RouteTable[str]({})
        self.ledger = ledger_path(problems, timing, given.url) if timing else None
        self.page = compile_dashboard(problems, given.dashboard, given.secrets, clock.wall) if given.dashboard else None
        self.scraped = compile_metrics(problems, timing) if timing else None
        self.rules = compile_signals(problems, given.signals) if given.signals else None


def _limiter(problems: Problems, given: _Given) -> Limiter:
    assert given.rate_limit is not None  # or there is none to make
    return compile_rate_limit(
        problems, given.rate_limit, given.trusted, secret_key=given.secret, workers=deployment.workers()
    )


def _together(given: _Given, made: _Made, clock: Clock) -> CompiledApp:
    """The settings are right: from here on things have effects."""
    if made.redactor is not None:
        install(made.redactor)
    if made.health is not None and given.health and not given.health.access_log:
        hide_successful_probes(made.health.paths)
    answers = _answers(given, made, clock)
    keeper = _keeper(given, made, clock)
    features = [*made.features]
    timing = given.timing
    if timing and timing.server_timing:
        features.insert(0, ServerTiming(made.page.is_viewer if made.page else lambda _: False, clock.monotonic))
    if timing and timing.repeats and keeper is not None:
        features.append(RepeatedReads(keeper.timings.record_repeated_read))
    stack = CompiledApp(
        answers,
        [each for each in features if each is not None],
        made.health,
        keeper,
        made.targets,
        given.release,
        made.once.context if made.once else key_context(given.secret, given.fallbacks),
        RegisteredCache(answers, made.cache) if made.cache is not None else None,
        [each for each in (made.page, made.scraped) if each is not None],
        clock,
    )
    stack.declared = made.declared
    stack.unresolved = UnknownOutcomes(given.store, stack.key_context, clock.monotonic)
    stack.key_context.counts.alert = Alert(clock.monotonic)
    if given.cors:
        stack.policy, stack.compile_cors = given.cors_as_given, made.cors
    return stack


def _answers(given: _Given, made: _Made, clock: Clock) -> OperationAdapter:
    """The adapter: the store, and what this process answers even while the store is away."""
    here, store = MemoryStore(clock), given.store
    if given.rate_limit and made.limiter:
        for each in (here, store):
            if isinstance(each, MemoryStore):
                each.windows.max_keys = given.rate_limit.max_keys
        if isinstance(store, MemoryStore):
            made.limiter.count = store.windows.take
    own: Inline = {
        ConsumeLocal: here.windows.take,
        RefundLocal: here.windows.give,
        IdentifyClient: partial(_who, made.identity),
    }
    answers = OperationAdapter(store, made.probes, own)
    answers.url, answers.secrets = given.url, given.secrets
    answers.idempotency = given.idempotency
    if store.has_epoch:
        Thread(target=store.learn_epoch, name="launchready-store-epoch", daemon=True).start()
    return answers


def _keeper(given: _Given, made: _Made, clock: Clock) -> MetricsCollector | None:
    """Who brings this process's numbers into the ledger."""
    if not given.timing:
        return None
    keeper = MetricsCollector(Timings(given.release), made.ledger, clock)
    keeper.ready = made.probes.ready
    made.probes.on_probe = start
    keeper.rules = made.rules or keeper.rules
    keeper.exporter = given.timing.exporter
    set_collector(keeper)
    return keeper


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


def _who(identity: Identity, op: IdentifyClient) -> None:
    op.answer = identity(op.request)
