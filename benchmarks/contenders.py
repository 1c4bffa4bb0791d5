"""Who is measured, and what for: the cases, the bare apps, and what is put in front of them.

A contender is a function of a framework that gives an app, or raises ImportError where its package is missing.
"""

from collections.abc import Callable
from typing import NamedTuple

from measuring import BODY, ORIGIN, Requests

HUGE = 10_000_000
FRAMEWORKS = ("starlette", "fastapi")
PLENTY, ONE = f"{HUGE}/minute", "1/hour"


class Case(NamedTuple):
    """One row of the table. ``baseline`` is the case that the bare app is measured with; "" for this one."""

    requests: Callable[[], Requests]
    status: int
    runs: bool  # whether the handler runs
    baseline: str = ""


PREFLIGHT = ((b"access-control-request-method", b"POST"), (b"access-control-request-headers", b"content-type"))

CASES = {
    "miss": Case(lambda: Requests("GET", "/coaches?page=%d"), 200, True),
    "get": Case(lambda: Requests("GET", "/slots?page=%d"), 200, True),
    "hit": Case(lambda: Requests("GET", "/coaches?page=7"), 200, False, "miss"),
    "post": Case(lambda: Requests("POST", "/bookings", [(b"idempotency-key", b"key-%d")], BODY), 201, True),
    "429": Case(lambda: Requests("GET", "/slots?page=%d"), 429, False, "get"),
    "preflight": Case(lambda: Requests("OPTIONS", "/bookings", PREFLIGHT), 204, False, "get"),
}
TITLES = {
    "miss": "GET, cacheable, unique URLs (miss)", "get": "GET, not cacheable", "hit": "GET, cache hit",
    "post": "POST with Idempotency-Key, unique keys", "429": "GET over the limit (429)", "preflight": "CORS preflight",
}  # fmt: skip

COACHES = {"items": [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Grace"}], "next": None}
FRESH = "max-age=60"


class Runs:
    """How often a handler ran."""

    count = 0


def bare(framework, runs):
    return _starlette(runs) if framework == "starlette" else _fastapi(runs)


def _starlette(runs):
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def coaches(request):
        runs.count += 1
        return JSONResponse(COACHES, headers={"cache-control": FRESH})

    async def slots(request):
        runs.count += 1
        return JSONResponse(COACHES)

    async def book(request):
        runs.count += 1
        return JSONResponse(await request.json(), 201)

    return Starlette(
        routes=[
            Route("/coaches", coaches, methods=["GET"]),
            Route("/slots", slots, methods=["GET"]),
            Route("/bookings", book, methods=["POST"]),
        ]
    )


def _fastapi(runs, coaches_through=None):
    """``coaches_through``: a decorator of the cacheable route, which then names its query parameter."""
    from fastapi import FastAPI, Response
    from pydantic import BaseModel

    class Coach(BaseModel):
        id: int
        name: str

    class Coaches(BaseModel):
        items: list[Coach]
        next: str | None

    class Booking(BaseModel):
        coach: str
        slot: str
        note: str

    app = FastAPI()

    if coaches_through is None:

        @app.get("/coaches")
        async def coaches(response: Response) -> Coaches:
            runs.count += 1
            response.headers["cache-control"] = FRESH
            return COACHES
    else:

        @app.get("/coaches")
        @coaches_through
        async def coaches(page: int) -> Coaches:
            runs.count += 1
            return COACHES

    @app.get("/slots")
    async def slots() -> Coaches:
        runs.count += 1
        return COACHES

    @app.post("/bookings", status_code=201)
    async def book(booking: Booking) -> Booking:
        runs.count += 1
        return booking

    return app


def floor(framework, runs, case):
    from floor import Floor

    return Floor(bare(framework, runs), origin=ORIGIN, limit=1 if case == "429" else HUGE)


def launchready(framework, runs, case):
    """Every feature, in memory."""
    from launchready.fastapi import CORS, Cache, Health, Idempotency, LaunchReadyMiddleware, RateLimit, Timing

    app = bare(framework, runs)
    app.add_middleware(
        LaunchReadyMiddleware, store="memory://", cors=CORS(allow_origins=[ORIGIN], allow_headers=["content-type"]),
        rate_limit=RateLimit(ONE if case == "429" else PLENTY), cache=Cache(),
        idempotency=Idempotency(routes=["POST /bookings"]), timing=Timing(), health=Health(),
    )  # fmt: skip
    return app


def slowapi_middleware(framework, runs, case):
    """As its documentation has it."""
    from slowapi.middleware import SlowAPIMiddleware

    return _slowapi(SlowAPIMiddleware, framework, runs, case)


def slowapi_asgi(framework, runs, case):
    from slowapi.middleware import SlowAPIASGIMiddleware

    return _slowapi(SlowAPIASGIMiddleware, framework, runs, case)


def _slowapi(middleware, framework, runs, case):
    from slowapi import Limiter, _rate_limit_exceeded_handler
    from slowapi.errors import RateLimitExceeded
    from slowapi.util import get_remote_address

    app = bare(framework, runs)
    app.state.limiter = Limiter(key_func=get_remote_address, default_limits=[ONE if case == "429" else PLENTY])
    app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)
    app.add_middleware(middleware)
    return app


def starlette_cors(framework, runs, case):
    from starlette.middleware.cors import CORSMiddleware

    app = bare(framework, runs)
    app.add_middleware(
        CORSMiddleware, allow_origins=[ORIGIN], allow_methods=["GET", "POST"], allow_headers=["content-type"]
    )
    return app


def fastapi_cache2(framework, runs, case):
    from fastapi_cache import FastAPICache
    from fastapi_cache.backends.inmemory import InMemoryBackend
    from fastapi_cache.decorator import cache

    FastAPICache.reset()  # its one backend is a global of the process
    FastAPICache.init(InMemoryBackend())
    return _fastapi(runs, cache(expire=60))


def otel_asgi(framework, runs, case):
    """Metrics; no traces."""
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.trace import NoOpTracerProvider

    app = bare(framework, runs)
    app.add_middleware(
        OpenTelemetryMiddleware, meter_provider=MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False),
        tracer_provider=NoOpTracerProvider(),
    )  # fmt: skip
    return app


class Contender(NamedTuple):
    """``headers``: by case, the header that its answer must have; it takes part in these cases."""

    build: Callable
    headers: dict[str, bytes]
    frameworks: tuple[str, ...] = FRAMEWORKS
    statuses: dict[str, int] = {}  # noqa: RUF012 - nobody changes it


_ORIGIN = b"access-control-allow-origin"
_JSON = b"content-type"

CONTENDERS = {
    "floor": Contender(floor, {
        "miss": b"ratelimit", "get": b"ratelimit", "hit": b"cache-status", "post": b"ratelimit", "429": b"retry-after",
        "preflight": _ORIGIN,
    }),
    "launchready": Contender(launchready, {
        "miss": b"cache-status", "get": b"ratelimit", "hit": b"age", "post": b"ratelimit", "429": b"retry-after",
        "preflight": _ORIGIN,
    }),
    "slowapi, documented middleware": Contender(slowapi_middleware, {"get": _JSON, "post": _JSON, "429": _JSON}),
    "slowapi, ASGI middleware": Contender(slowapi_asgi, {"get": _JSON, "post": _JSON, "429": _JSON}),
    "starlette CORSMiddleware": Contender(
        starlette_cors, {"get": _ORIGIN, "post": _ORIGIN, "preflight": _ORIGIN}, statuses={"preflight": 200}
    ),
    "fastapi-cache2 decorator": Contender(
        fastapi_cache2, {"miss": b"x-fastapi-cache", "hit": b"x-fastapi-cache"}, ("fastapi",)
    ),
    "opentelemetry-instrumentation-asgi": Contender(otel_asgi, {"get": _JSON, "post": _JSON}),
}  # fmt: skip
