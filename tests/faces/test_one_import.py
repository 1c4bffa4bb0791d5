"""An app needs one import: each face offers the settings, the decorators and the checks."""

import importlib
import subprocess
import sys

import pytest

import launchready

OFFERED = [
    "CORS",
    "HTTPS",
    "RateLimit",
    "Limit",
    "Cache",
    "Idempotency",
    "Redaction",
    "Timing",
    "Health",
    "Dashboard",
    "Signals",
    "idempotent",
    "check",
    "acheck",
    "redact",
]
FACES = ["asgi", "wsgi", "fastapi", "flask", "django"]


@pytest.mark.parametrize("face", FACES)
def test_each_face_offers_all(face):
    """The settings and decorators of a face are those of the front door, and stand in its ``__all__``."""
    from faces.apps import _django_setup

    _django_setup()
    module = importlib.import_module(f"launchready.{face}")
    assert [name for name in OFFERED if name not in module.__all__] == []
    for name in OFFERED:
        if name not in ("check", "acheck"):
            assert getattr(module, name) is getattr(launchready, name)


@pytest.mark.parametrize("face", ["asgi", "wsgi"])
def test_a_face_loads_no_resolver(face):
    """What only the checks need is not loaded by an app that serves requests."""
    asked = f"import sys, launchready.{face}; print(sorted({{'dns', 'httpx', 'redis', 'flask', 'django'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_check_of_a_face_is_the_check():
    """The same report, and the same refusal of what is no domain."""
    from launchready import fastapi

    with pytest.raises(launchready.ConfigError) as one:
        fastapi.check("")
    with pytest.raises(launchready.ConfigError) as other:
        launchready.check("")
    assert one.value.problems == other.value.problems
