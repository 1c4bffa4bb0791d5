"""Tests run against eight apps: three frameworks (Django under WSGI and ASGI), each with and without launchready."""

import secrets
from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from running_coach import WEB_APP, Coach, command, mail_sink

from launchready.demo.sample_app import python_path, start_provider
from launchready.demo.servers import Servers, free_port

VARIANTS = [
    pytest.param((framework, protected), id=f"{framework}-{'with' if protected else 'before'}")
    for framework in ("fastapi", "flask", "django", "django-asgi")
    for protected in (False, True)
    if not protected or find_spec(f"launchready.{framework.removesuffix('-asgi')}")
]


@pytest.fixture(scope="session", params=VARIANTS)
def coach(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coach]:
    framework, protected = request.param
    home = tmp_path_factory.mktemp(framework)
    with mail_sink() as mailbox, Servers() as servers:
        provider = start_provider(servers, home)
        webhook_secret = "whsec_" + secrets.token_hex(16)
        port = free_port()
        env = python_path() | {
            "COACH_PROTECTED": "1" if protected else "0",
            "COACH_DATABASE": str(home / "coach.db"),
            "COACH_STORE": f"sqlite:///{home / 'launchready.db'}",
            "COACH_PROVIDER": provider.url,
            "COACH_PROVIDER_KEY": "sk_" + "live_" + secrets.token_hex(16),
            "STRIPE_WEBHOOK_SECRET": webhook_secret,
            "COACH_SMTP": f"127.0.0.1:{mailbox.port}",
            "COACH_WEB_APP": WEB_APP,
            "LAUNCHREADY_TRUSTED_PROXIES": "127.0.0.1",
        }
        server = servers.start(command(framework, port, env), port=port, log=home / "app.log", env=env)
        provider.wait_until_listening()
        server.wait_until_listening()
        yield Coach(framework, protected, server.url, provider.url, webhook_secret, mailbox)
