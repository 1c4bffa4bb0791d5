"""Apps with one cacheable stream of 12 MB, more than the buffers of a socket, for clients that read it slowly."""

import asyncio

CHUNK, CHUNKS = b"x" * 262_144, 48


def asgi():
    from launchready.asgi import LaunchReadyMiddleware
    from launchready.settings.cache import Cache

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        head = [(b"cache-control", b"public, max-age=600"), (b"content-type", b"text/csv")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        for _ in range(CHUNKS):
            await send({"type": "http.response.body", "body": CHUNK, "more_body": True})
            await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b"end"})

    return LaunchReadyMiddleware(app, cache=Cache(max_body=2**24))


def wsgi():
    from launchready.settings.cache import Cache
    from launchready.wsgi import LaunchReadyMiddleware

    def app(environ, start_response):
        start_response("200 OK", [("Cache-Control", "public, max-age=600"), ("Content-Type", "text/csv")])
        for _ in range(CHUNKS):
            yield CHUNK
        yield b"end"

    return LaunchReadyMiddleware(app, cache=Cache(max_body=2**24))


def django():
    from django.conf import settings

    if not settings.configured:
        settings.configure(
            ROOT_URLCONF="support.slow_readers", ALLOWED_HOSTS=["*"], SECRET_KEY="-", USE_TZ=True,
            MIDDLEWARE=["launchready.django.LaunchReadyMiddleware"],
        )  # fmt: skip
        from launchready.settings.cache import Cache

        settings.LAUNCHREADY = {"CACHE": Cache(max_body=2**24)}
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


def report(request):
    from django.http import StreamingHttpResponse

    headers = {"Cache-Control": "public, max-age=600", "Content-Type": "text/csv"}
    return StreamingHttpResponse((*[CHUNK] * CHUNKS, b"end"), headers=headers)


def __getattr__(name):
    if name != "urlpatterns":
        raise AttributeError(name)
    from django.urls import path

    return [path("report", report), path("other", report)]
