"""An app whose every duration is written down by a stopwatch around the middleware, to compare its numbers with."""

import asyncio
import os
import random
import time
from pathlib import Path

from launchready.asgi import LaunchReadyMiddleware

FOLDER = Path(os.environ["MEASURED"])
draw = random.Random(os.getpid())


async def plain(scope, receive, send):
    await asyncio.sleep(min(1.0, draw.lognormvariate(-2.5, 0.6)))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


face = LaunchReadyMiddleware(plain, store=f"sqlite:///{FOLDER}/a.db", release="r1")


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    started = time.perf_counter()
    await face(scope, receive, send)
    if scope["path"] == "/measured":
        with (FOLDER / "exact").open("a") as log:  # O_APPEND: lines of two workers do not mix
            log.write(f"{time.perf_counter() - started} {os.getpid()}\n")
