"""Starts the sample coach app, with or without launchready, and its payment provider."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from launchready.demo.servers import Server, Servers, free_port, python

WORKERS = 2
WEB_APP = "https://app.coach.example"
LEASE = "2s"  # short: the keys of a killed worker settle within the demo
SOURCES = Path(__file__).resolve().parents[2]  # import path of the child processes


def examples() -> Path:
    """Return the folder of the sample apps: in the installed package, or in the checkout."""
    for folder in (SOURCES / "launchready" / "_examples", SOURCES.parent / "examples"):
        if (folder / "coach_fastapi" / "app.py").is_file():
            return folder
    raise FileNotFoundError("The sample apps are missing: neither launchready/_examples nor examples/ holds them.")


@dataclass(slots=True)
class CoachApp:
    """A running coach app and its payment provider. Both write their logs to ``home``."""

    protected: bool
    home: Path
    server: Server
    provider: Server
    provider_key: str
    webhook_secret: str

    def wait_until_ready(self) -> None:
        self.provider.wait_until_listening()
        self.server.wait_until_listening()
        self.server.wait_until_written("Application startup complete", WORKERS)

    def log_text(self) -> str:
        return self.server.log.read_text(errors="replace")


def start(servers: Servers, home: Path, *, protected: bool, smtp_port: int) -> CoachApp:
    home.mkdir()
    provider = start_provider(servers, home)
    key, webhook = "sk_" + "live_" + secrets.token_hex(16), "whsec_" + secrets.token_hex(16)
    env = python_path() | {
        "COACH_PROTECTED": "1" if protected else "0",
        "COACH_DATABASE": str(home / "coach.db"),
        "COACH_STORE": f"sqlite:///{home / 'launchready.db'}",
        "COACH_LEASE": LEASE,
        "COACH_PROVIDER": provider.url,
        "COACH_PROVIDER_KEY": key,
        "STRIPE_WEBHOOK_SECRET": webhook,
        "COACH_SMTP": f"127.0.0.1:{smtp_port}",
        "COACH_PUBLIC_URL": "https://api.coach.example",
        "COACH_WEB_APP": WEB_APP,
        "COACH_PASSWORD_COST": "1024",  # cheap: 500 guesses would mostly measure scrypt
        "LAUNCHREADY_TRUSTED_PROXIES": "127.0.0.1",  # the demo takes the place of the load balancer
        "LAUNCHREADY_RELEASE": "demo",
    }
    port = free_port()
    argv = python("-m", "uvicorn", "coach_fastapi.app:app", "--app-dir", str(examples()), "--workers", str(WORKERS))
    argv += ["--host", "127.0.0.1", "--port", str(port), "--no-proxy-headers", "--timeout-graceful-shutdown", "1"]
    server = servers.start(argv, port=port, log=home / "app.log", env=env)
    return CoachApp(protected, home, server, provider, key, webhook)


def start_provider(servers: Servers, home: Path) -> Server:
    port = free_port()
    argv = python("-m", "launchready.demo.provider", "--port", str(port))
    return servers.start(argv, port=port, log=home / "provider.log", env=python_path())


def python_path() -> dict[str, str]:
    """Environment that lets child processes import this launchready, installed or not."""
    inherited = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([str(SOURCES), *([inherited] if inherited else [])])}
