"""An app for real servers: /work takes the requested time, and /readyz fails while the server drains."""

import time

from launchready.settings.health import Health

DRAIN = "2s"


def fastapi():
    from fastapi import FastAPI

    from launchready.fastapi import LaunchReadyMiddleware

    app = FastAPI()

    @app.get("/work")
    def work():
        time.sleep(0.2)
        return {"done": True}

    @app.get("/quick")
    async def quick():
        return {"done": True}

    app.add_middleware(LaunchReadyMiddleware, health=Health(drain=DRAIN), release="r1")
    return app


def flask():
    import flask

    from launchready.flask import LaunchReady

    app = flask.Flask("leaving")

    @app.get("/work")
    def work():
        time.sleep(0.2)
        return {"done": True}

    LaunchReady(app, health=Health(drain=DRAIN), release="r1")
    return app


app = fastapi()
