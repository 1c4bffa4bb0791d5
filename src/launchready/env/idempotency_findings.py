"""Finds requests that may take effect twice.

Payments without a key, keys that workers do not share, and event keys that expire too early.
"""

import re
from collections.abc import Iterator

from launchready.env.loaders import Environment, EnvProblem
from launchready.env.source_code import (
    PostRoute,
    ProjectRoutes,
    WebhookRoute,
    list_files,
    normalize_path,
    read_project,
    read_text,
)

_MONEY = re.compile(
    r"(?i)(?:^|[/_-])(?:bookings?|book|reservations?|reserve|appointments?|payments?|pay|checkouts?|charges?|orders?|"
    r"purchases?|buy|invoices?|refunds?|subscriptions?|subscribe|donations?|donate|transfers?|payouts?|withdrawals?|"
    r"deposits?|tickets?|enrol(?:l|ment|lment)?s?)(?:$|[/_-])"
)
_HOOK = re.compile(r"(?i)(?:^|[/_-])(?:web)?hooks?(?:$|[/_-])")
_UNDO = re.compile(r"(?i)/(?:cancel|preview|quote|search|estimate|validate|availability)(?:$|/)")
_KNOWS = re.compile(r"(?i)idempot|@(?:\w+\.)*webhook\b")

_WORKERS = re.compile(
    r"(?:gunicorn|uvicorn|hypercorn|granian|daphne)\b[^\n#]*?(?:-w|--workers)[\s=\"',]*(\d+)|^\s*workers\s*=\s*(\d+)",
    re.MULTILINE,
)
_START_FILES = re.compile(
    r"(?:^|/)(?:Procfile[\w.]*|(?:[\w.-]+\.)?Dockerfile[\w.-]*|(?:docker-)?compose[\w.-]*\.ya?ml|gunicorn(?:\.conf|_conf|"
    r"_config)\.py|fly\.toml|render\.yaml|railway\.(?:json|toml)|app\.json|app\.yaml|[\w.-]+\.service|start[\w-]*\.sh|"
    r"entrypoint[\w-]*\.sh)$"
)

DAY = 86_400.0
REDELIVERY = {"stripe": 3 * DAY, "paddle": 3 * DAY, "standard-webhooks": 28 * 3600.0, "shopify": 2 * DAY,
              "slack": 3600.0, "github": 3 * DAY}  # fmt: skip
"""How long a provider redelivers an event: Stripe and Paddle three days, Svix 27 h 35 min, Shopify up to two days,
Slack an hour. GitHub offers manual redelivery for three days.
"""
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": DAY}
_TIME = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)?\s*")


def idempotency_problems(one: Environment, folder: str) -> Iterator[EnvProblem]:
    """ENV012 to ENV014."""
    code = read_project(folder)
    yield from unprotected_routes(code)
    yield from unshared_stores(one, code, folder)
    yield from short_keeps(code)


def unprotected_routes(code: ProjectRoutes) -> Iterator[EnvProblem]:
    """ENV012: a POST that looks like a booking or a payment, without a key. Webhooks carry an id of their own."""
    ends = [normalize_path(text.rpartition(" ")[2]) for rules in code.rules for text in rules.routes]
    for route in code.routes:
        if not _MONEY.search(route.path) or _UNDO.search(route.path) or _HOOK.search(route.path):
            continue
        if _KNOWS.search(route.source) or any(_same(route, end) for end in ends):
            continue
        yield EnvProblem(
            "ENV012",
            f"POST {route.path}",
            route.where,
            f"POST {route.path} may take effect twice: a retried request runs again",
            "Write @idempotent on the view, below the route decorator, and send one Idempotency-Key per attempt.",
        )


def _same(route: PostRoute, end: str) -> bool:
    """Whether an idempotency route covers this POST. The source may lack the prefix of a mounted router."""
    pattern = "".join(r"[^/]+" if part.startswith("{") else ".*" if part == "*" else re.escape(part)
                      for part in re.split(r"(\{[^{}]*\}|\*)", end) if part)  # fmt: skip
    return re.fullmatch(pattern, route.path) is not None or end.endswith(route.path.rstrip("/") or "/")


def unshared_stores(one: Environment, code: ProjectRoutes, folder: str) -> Iterator[EnvProblem]:
    """ENV013: several workers with a memory store each run the same request once."""
    if not code.builds or not code.counts:
        return
    stores = [*code.stores, *([value] if (value := one.values.get("LAUNCHREADY_STORE")) else [])]
    if any(store is None or not store.startswith("memory:") for store in stores):
        return
    found = worker_count(one, folder)
    if found is not None:
        number, where = found
        yield EnvProblem(
            "ENV013",
            "LAUNCHREADY_STORE",
            code.builds[0],
            f"{number} workers ({where}) do not share keys and limits: the store is memory://",
            "Set LAUNCHREADY_STORE, or give store=: sqlite:///launchready.db on one machine, redis:// or postgresql:// "
            "on several.",
        )


def worker_count(one: Environment, folder: str) -> tuple[int, str] | None:
    """Return the number of workers and its source, or None unless it is more than one."""
    count = one.values.get("WEB_CONCURRENCY", "")
    if count.isdecimal():
        return (int(count), one.at("WEB_CONCURRENCY")) if int(count) > 1 else None
    for path in list_files(folder):
        if _START_FILES.search(path):
            text = read_text(folder, path)
            for match in _WORKERS.finditer(text):
                number = int(match[1] or match[2])
                if number > 1:
                    return number, f"{path}:{text.count(chr(10), 0, match.start(match.lastindex or 0)) + 1}"
    return None


def short_keeps(code: ProjectRoutes) -> Iterator[EnvProblem]:
    """ENV014: a provider redelivers an event after its key has expired."""
    for hook in code.hooks:
        yield from _short(hook, hook.provider, "30d")
    for rules in code.rules:
        for text in rules.routes:
            path = text.rpartition(" ")[2]
            named = next((provider for provider in REDELIVERY if provider in path.lower()), None)
            if named or _HOOK.search(path):
                yield from _short(
                    WebhookRoute(named or "stripe", rules.keep, rules.where), named or "a provider", "24h"
                )


def _short(hook: WebhookRoute, called: str, usual: str) -> Iterator[EnvProblem]:
    again = REDELIVERY.get(hook.provider)
    keep = None if hook.keep is None else _seconds(hook.keep or usual)
    if again is None or keep is None or keep >= again:
        return
    yield EnvProblem(
        "ENV014",
        f"keep={hook.keep or usual}",
        hook.where,
        f"the key of an event from {called} expires after {hook.keep or usual}, but is redelivered for up to "
        f"{again / 3600:.0f} hours",
        'Write keep="30d", or leave keep out of @webhook(...).',
    )


def _seconds(text: str) -> float | None:
    match = _TIME.fullmatch(text)
    return float(match[1]) * _UNITS[match[2] or "s"] if match else None
