"""What README.md and docs/ show is true: their code runs, their tables of options are those of the dataclasses."""

import ast
import inspect
import os
import re
import subprocess
import sys
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

import launchready
from launchready.checks.run import acheck
from launchready.settings.build import OPTIONS

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = sorted((ROOT / "docs").glob("*.md"))
SKETCHES = {"architecture.md"}  # shows how a feature reads, not something to run
SETTINGS = (
    "CORS",
    "HTTPS",
    "Cache",
    "Health",
    "Idempotency",
    "RateLimit",
    "Redaction",
    "Timing",
    "Dashboard",
    "Signals",
)

# Each runs in a process of its own: settings of Django and the redaction of logs hold for a whole process.
SERVES = """
app = globals().get("app")
if hasattr(app, "test_client"):
    assert app.test_client().get("/livez").status_code == 200
elif app is not None:
    from starlette.testclient import TestClient
    with TestClient(app) as client:
        assert client.get("/livez").status_code == 200
"""

FASTAPI = """
from fastapi import FastAPI
from pydantic import BaseModel
class Booking(BaseModel):
    slot: int
app = FastAPI()
{code}
from starlette.testclient import TestClient
with TestClient(app) as client:
    send = lambda: client.post("/bookings", json=dict(slot=1), headers={{"Idempotency-Key": KEY, "Origin": ORIGIN}})
    first, again = send(), send()
assert (first.status_code, again.status_code) == (200, 200)
assert "idempotent-replayed" not in first.headers and again.headers["idempotent-replayed"] == "true"
assert again.headers["access-control-allow-origin"] == ORIGIN and "ratelimit" in again.headers
""".replace("ORIGIN", '"https://app.acme.com"').replace("KEY", '"6fa459ea-ee8a-4ca4-894e-db77e160355e"')

FLASK = """
from flask import Flask
app = Flask(__name__)
{code}
answer = app.test_client().get("/livez", headers={{"Origin": "https://app.acme.com"}})
assert answer.status_code == 200
"""

DJANGO = """
import sys, types
MIDDLEWARE, INSTALLED_APPS = [], []
{code}
import django
from django.conf import settings
urls = types.ModuleType("urls")
urls.urlpatterns = []
sys.modules["urls"] = urls
settings.configure(MIDDLEWARE=MIDDLEWARE, INSTALLED_APPS=INSTALLED_APPS, LAUNCHREADY=LAUNCHREADY, ROOT_URLCONF="urls",
                   ALLOWED_HOSTS=["*"], SECRET_KEY="x")
django.setup()
from django.core.checks import run_checks
from django.test import Client
assert [found for found in run_checks() if found.id.startswith("launchready")] == []
assert Client().get("/livez").status_code == 200
"""


def blocks(page):
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def runs(code, where):
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LAUNCHREADY_")}
    source = str(Path(launchready.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=where, capture_output=True, text=True, check=False, timeout=60,
        env={**environ, "PYTHONPATH": source},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda page: page.name)
def test_code_compiles(page):
    """Every block of Python is Python."""
    for block in blocks(page):
        compile(block, str(page), "exec")


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page) and page.name not in SKETCHES], ids=lambda page: page.name
)
def test_code_of_a_page_runs(page, tmp_path):
    """The blocks of a page run in their order, assertions included, and the app they make serves."""
    runs("\n".join(blocks(page)) + SERVES, tmp_path)


@pytest.mark.parametrize(("mark", "script"), [("# FastAPI", FASTAPI), ("# Flask", FLASK), ("# Django", DJANGO)])
def test_readme_protects_an_app(mark, script, tmp_path):
    """Each snippet of the README, put into a bare app of its framework, is accepted and answers."""
    (code,) = (block for block in blocks(README) if block.startswith(mark))
    runs(script.format(code=code), tmp_path)


def test_readme_check_is_called_as_it_can_be():
    """The call of ``check`` in the README has the arguments that it takes."""
    trees = (ast.parse(block) for block in blocks(README))
    (call,) = (
        node for tree in trees for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "launchready.check"
    )  # fmt: skip
    keywords = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    inspect.signature(acheck).bind(*map(ast.literal_eval, call.args), **keywords)


def rows(heading):
    """The first two cells of the table below a heading, wherever it stands."""
    for page in PAGES:
        found = re.search(rf"^#+ {heading}\n(.*?)(?=^#|\Z)", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
        if found:
            return dict(re.findall(r"^\| `(\w+)` \| `([^`]*)` \|", found[1], re.MULTILINE))
    raise AssertionError(f"no page has the options of {heading}")


@pytest.mark.parametrize("name", SETTINGS)
def test_options_are_those_of_the_dataclass(name):
    """A page names every option of its feature, none that is not there, and its true default."""
    kind = getattr(launchready, name)
    defaults = {
        field.name: field.default if field.default_factory is MISSING else field.default_factory()
        for field in fields(kind)
    }
    shown = rows(f"(?:Options of )?`{name}`")
    assert {option: eval(text) for option, text in shown.items()} == defaults


def test_settings_page_names_every_setting():
    """docs/settings.md has one row for each argument of the middleware."""
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8").partition("\n## ")[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == OPTIONS


def test_every_problem_that_is_sent_is_explained():
    """Each ``type`` of a refusal stands in some page."""
    source = Path(launchready.__file__).parent / "core"
    sent = {
        name for file in source.rglob("*.py") for name in re.findall(r'problem\(\s*\d{3}, "([\w-]+)"', file.read_text())
    }
    pages = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert len(sent) >= 10
    assert {name for name in sent if f"`{name}`" not in pages} == set()
