"""Facts of a deployment: the only settings with an environment twin, read when the argument is absent."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from launchready.core.identity import Identity
from launchready.settings.problems import Problems

# Where platforms say which commit is running: Render, Heroku, Fly, Railway, Vercel, Google, Scalingo and others.
_RELEASES = (
    "RENDER_GIT_COMMIT", "HEROKU_SLUG_COMMIT", "FLY_IMAGE_REF", "RAILWAY_GIT_COMMIT_SHA", "VERCEL_GIT_COMMIT_SHA",
    "K_REVISION", "SOURCE_VERSION", "GIT_COMMIT", "COMMIT_SHA",
)  # fmt: skip


def release(value: str | None, environ: Mapping[str, str] = os.environ) -> str:
    """The release: the argument, LAUNCHREADY_RELEASE, the platform's commit variable, the checkout's commit; else
    "unknown", never a guess."""
    for candidate in (value, environ.get("LAUNCHREADY_RELEASE"), *(environ.get(name) for name in _RELEASES)):
        if candidate:
            return candidate
    return _commit() or "unknown"


def store(value: str | None, environ: Mapping[str, str] = os.environ) -> str:
    """The store's URL: the argument, LAUNCHREADY_STORE, else memory."""
    return value or environ.get("LAUNCHREADY_STORE") or "memory://"


def secret_key(problems: Problems, value: object, environ: Mapping[str, str] = os.environ) -> str | None:
    """The secret: the argument, else LAUNCHREADY_SECRET_KEY. It is never repeated in an error."""
    key = value or from_environment(environ)[0]
    if key is None:
        return None
    if not isinstance(key, str) or is_weak(key):
        problems.add(f"secret_key: {_WEAK}")
        return None
    return key


_WEAK = (
    "it can be guessed; at least 32 random characters are needed, 10 of them different, and no known default. Make one "
    "with `openssl rand -hex 32`"
)
_DEFAULTS = (
    "changeme", "djangoinsecure", "yoursecret", "secretkey", "supersecret", "insecure", "example", "donottell",
    "replaceme", "placeholder", "password", "0123456789abcdef0123456789abcdef", "abcdefghijklmnopqrstuvwxyz",
)  # fmt: skip
"""Parts of secrets that tutorials, templates and generators print, without case and punctuation."""


def is_weak(key: str) -> bool:
    """Whether a secret is shorter than 32 characters, has fewer than 10 different ones, or holds a known default."""
    letters = "".join(character for character in key.lower() if character.isalnum())
    return len(key) < 32 or len(set(key)) < 10 or any(default in letters for default in _DEFAULTS)


def secret_key_fallbacks(
    problems: Problems, value: object, secret: str | None, environ: Mapping[str, str] = os.environ
) -> tuple[str, ...]:
    """The secrets of before, the newest first: the argument, else LAUNCHREADY_SECRET_KEY_FALLBACKS with commas between.

    None is ever repeated in an error.
    """
    if value is None:
        found = from_environment(environ)[1]
    elif isinstance(value, list | tuple) and all(isinstance(each, str) and each for each in value):
        found = tuple(value)
    else:
        problems.add("secret_key_fallbacks: a list of the earlier keys is needed, the newest first")
        return ()
    if any(is_weak(each) for each in found):
        problems.add(f"secret_key_fallbacks: {_WEAK}")
        return ()
    if found and secret is None:
        problems.add("secret_key_fallbacks: what is new is made with secret_key; set it, or LAUNCHREADY_SECRET_KEY")
    return tuple(dict.fromkeys(each for each in found if each != secret))


def from_environment(environ: Mapping[str, str] = os.environ) -> tuple[str | None, tuple[str, ...]]:
    """The secret and those of before, for what has no settings: plain functions, and the command line."""
    before = environ.get("LAUNCHREADY_SECRET_KEY_FALLBACKS", "").split(",")
    return environ.get("LAUNCHREADY_SECRET_KEY") or None, tuple(each.strip() for each in before if each.strip())


def trusted_proxies(
    problems: Problems, value: Sequence[str] | int | None, environ: Mapping[str, str] = os.environ
) -> Sequence[str] | int:
    """Networks, or a number of hops. In LAUNCHREADY_TRUSTED_PROXIES: "10.0.0.0/8, 192.0.2.1" or "1"."""
    if value is None:
        text = environ.get("LAUNCHREADY_TRUSTED_PROXIES", "").strip()
        value = int(text) if text.isdecimal() else [part.strip() for part in text.split(",") if part.strip()]
    if isinstance(value, int) and not isinstance(value, bool):
        return problems.number("trusted_proxies", value)
    entries = problems.strings("trusted_proxies", value)
    try:
        Identity(entries)
    except ValueError as error:
        problems.add(f'trusted_proxies: {error}; write networks as "10.0.0.0/8", or the number of proxies in front')
        return ()
    for entry in entries:
        if entry.endswith("/0"):
            problems.add(f"trusted_proxies: {entry!r} believes anybody, who may then write any address; write the "
                         "number of proxies in front, as in trusted_proxies=1")  # fmt: skip
    return entries


def workers(environ: Mapping[str, str] = os.environ) -> int:
    """How many processes serve the app, where the platform says so: what gunicorn and uvicorn themselves read."""
    text = environ.get("WEB_CONCURRENCY", "")
    return max(1, min(int(text), 1024)) if text.isdecimal() and text.isascii() else 1


def _commit() -> str | None:
    """The checkout's commit, shortened as git shows it. No git, no repository, no answer within a second: None."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"],  # noqa: S607 - whichever git the developer uses
            cwd=Path.cwd(),
            capture_output=True,
            text=True,
            timeout=1,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
