"""Compiles the settings: parse, compile into features, assemble. All mistakes are reported before any effect."""

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
    """Check and compile the settings. ``database``: the framework has a database of its own.

    Raises one ConfigError with every mistake, or MissingExtra if the settings are right and a package is missing.
    """
    problems = Problems()
    parsed = ParsedSettings(problems, settings)
    compiled = CompiledSettings(problems, parsed, clock, "" if database else parsed.url)
    strict = settings.get("strict", False)
    if not isinstance(strict, bool):
        problems.add(f"strict={strict!r}: write True or False")
    problems.raise_if_any()
    stack = _assemble(parsed, compiled, clock)
    patterns = [each for each in problems.patterns if each[0] != "timing.routes"]  # those declare routes
    stack.route_check = RouteCheck(patterns, strict=strict is True)
    return stack


class ParsedSettings:
    """The settings as dataclasses, with the facts of the deployment."""

    def __init__(self, problems: Problems, settings: Mapping[str, Any]) -> None:
        for name in settings:
            if name not in OPTIONS:
                problems.unknown("launchready", name, OPTIONS)
        parsed = settings.get
        self.cors = coerce(problems, "cors", parsed("cors"), CORS)
        self.https = coerce(problems, "https", parsed("https"), HTTPS)
        self.rate_limit = coerce(problems, "rate_limit", parsed("rate_limit"), RateLimit, "default")
        self.cache = coerce(problems, "cache", parsed("cache"), Cache)
        self.idempotency = coerce(problems, "idempotency", parsed("idempotency"), Idempotency)
        self.health = coerce(problems, "health", parsed("health", Health()), Health)
        self.redaction = coerce(problems, "redaction", parsed("redaction", Redaction()), Redaction)
        self.timing = coerce(problems, "timing", parsed("timing", Timing()), Timing)
        self.dashboard = coerce(problems, "dashboard", parsed("dashboard"), Dashboard, "path")
        self.signals = coerce(problems, "signals", parsed("signals"), Signals, "routes")
        self.cors_as_given: object = parsed("cors")
        self.fingerprint = fingerprint(settings)
        self.release = deployment.release(parsed("release"))
        self.trusted = deployment.trusted_proxies(problems, parsed("trusted_proxies"))
        self.secret = deployment.secret_key(problems, parsed("secret_key"))
        self.fallbacks = deployment.secret_key_fallbacks(problems, parsed("secret_key_fallbacks"), self.secret)
        value = parsed("store")
        self.url = deployment.store(value) if isinstance(value, str | None) else "memory://"
        self.store = _store(problems, value)

    @property
    def secrets(self) -> tuple[str, ...]:
        """All secrets, the newest last, as itsdangerous takes them."""
        return (*reversed(self.fallbacks), self.secret) if self.secret else ()

    @property
    def origin(self) -> str | None:
        """The app's public origin, if ``https.canonical_host`` names it."""
        return f"https://{self.https.canonical_host}" if self.https and self.https.canonical_host else None


class CompiledSettings:
    """The compiled settings: features, plus objects used outside the request path."""

    def __init__(self, problems: Problems, parsed: ParsedSettings, clock: Clock, database: str) -> None:
        limit = parsed.rate_limit
        self.identity = identity = Identity(
            parsed.trusted, prefix=limit.ipv6_prefix if limit else 64, tell=untrusted_proxy.warn
        )
        self.cors = partial(compile_cors, own=parsed.origin, vouches=identity.vouches)
        self.limiter = _limiter(problems, parsed) if limit else None
        self.cache = (
            compile_cache(
                problems, parsed.cache, clock, parsed.trusted, shared=parsed.store.shared, secrets=parsed.secrets
            )
            if parsed.cache
            else None
        )  # fmt: skip
        once = parsed.idempotency
        self.once = compile_idempotency(problems, once, parsed.secret, database, parsed.fallbacks) if once else None
        self.features: list[Feature | None] = [
            compile_https(problems, parsed.https, identity.vouches, clock.monotonic) if parsed.https else None,
            self.cors(problems, parsed.cors) if parsed.cors else None,
            self.limiter,
            self.cache,
            self.once,
        ]
        if getattr(parsed.store, "counts_only", False):
            keeps = {"cache": parsed.cache is not None, "idempotency": parsed.idempotency is not None}
            check_counting(problems, self.limiter, parsed.https, **keeps)
        self.redactor = compile_redaction(problems, parsed.redaction, parsed.secret) if parsed.redaction else None
        facts = core_health.Facts(parsed.release, clock.wall(), parsed.fingerprint)
        self.health = compile_health(problems, parsed.health, facts) if parsed.health else None
        self.probes = compile_probes(problems, parsed.health) if parsed.health else HealthCheckRunner({})
        timing = parsed.timing
        self.targets = compile_targets(problems, timing) if timing else RouteTable[float]({})
        self.declared = compile_routes(problems, timing) if timing else RouteTable[str]({})
        self.ledger = ledger_path(problems, timing, parsed.url) if timing else None
        self.page = (
            compile_dashboard(problems, parsed.dashboard, parsed.secrets, clock.wall) if parsed.dashboard else None
        )
        self.scraped = compile_metrics(problems, timing) if timing else None
        self.rules = compile_signals(problems, parsed.signals) if parsed.signals else None


def _limiter(problems: Problems, parsed: ParsedSettings) -> Limiter:
    assert parsed.rate_limit is not None  # or there is none to make
    return compile_rate_limit(
        problems, parsed.rate_limit, parsed.trusted, secret_key=parsed.secret, workers=deployment.workers()
    )


def _assemble(parsed: ParsedSettings, compiled: CompiledSettings, clock: Clock) -> CompiledApp:
    """The settings are right: from here on things have effects."""
    if compiled.redactor is not None:
        install(compiled.redactor)
    if compiled.health is not None and parsed.health and not parsed.health.access_log:
        hide_successful_probes(compiled.health.paths)
    answers = _answers(parsed, compiled, clock)
    keeper = _keeper(parsed, compiled, clock)
    features = [*compiled.features]
    timing = parsed.timing
    if timing and timing.server_timing:
        features.insert(0, ServerTiming(compiled.page.is_viewer if compiled.page else lambda _: False, clock.monotonic))
    if timing and timing.repeats and keeper is not None:
        features.append(RepeatedReads(keeper.timings.record_repeated_read))
    stack = CompiledApp(
        answers,
        [each for each in features if each is not None],
        compiled.health,
        keeper,
        compiled.targets,
        parsed.release,
        compiled.once.context if compiled.once else key_context(parsed.secret, parsed.fallbacks),
        RegisteredCache(answers, compiled.cache) if compiled.cache is not None else None,
        [each for each in (compiled.page, compiled.scraped) if each is not None],
        clock,
    )
    stack.declared = compiled.declared
    stack.unresolved = UnknownOutcomes(parsed.store, stack.key_context, clock.monotonic)
    stack.key_context.counts.alert = Alert(clock.monotonic)
    if parsed.cors:
        stack.policy, stack.compile_cors = parsed.cors_as_given, compiled.cors
    return stack


def _answers(parsed: ParsedSettings, compiled: CompiledSettings, clock: Clock) -> OperationAdapter:
    """The adapter: the store, and what this process answers even while the store is away."""
    here, store = MemoryStore(clock), parsed.store
    if parsed.rate_limit and compiled.limiter:
        for each in (here, store):
            if isinstance(each, MemoryStore):
                each.windows.max_keys = parsed.rate_limit.max_keys
        if isinstance(store, MemoryStore):
            compiled.limiter.count = store.windows.take
    own: Inline = {
        ConsumeLocal: here.windows.take,
        RefundLocal: here.windows.give,
        IdentifyClient: partial(_who, compiled.identity),
    }
    answers = OperationAdapter(store, compiled.probes, own)
    answers.url, answers.secrets = parsed.url, parsed.secrets
    answers.idempotency = parsed.idempotency
    if store.has_epoch:
        Thread(target=store.learn_epoch, name="launchready-store-epoch", daemon=True).start()
    return answers


def _keeper(parsed: ParsedSettings, compiled: CompiledSettings, clock: Clock) -> MetricsCollector | None:
    """Who brings this process's numbers into the ledger."""
    if not parsed.timing:
        return None
    keeper = MetricsCollector(Timings(parsed.release), compiled.ledger, clock)
    keeper.ready = compiled.probes.ready
    compiled.probes.on_probe = start
    keeper.rules = compiled.rules or keeper.rules
    keeper.exporter = parsed.timing.exporter
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
