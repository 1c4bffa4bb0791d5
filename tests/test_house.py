"""The house keeps its shape: floors, import cost, file length, the names of the contract."""

import ast
import os
import re
import resource
import statistics
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import launchready

ROOT = Path(__file__).parent.parent
SOURCE = Path(launchready.__file__).parent

HEAVY = ("dns", "httpx", "opentelemetry", "cryptography", "redis", "starlette", "flask", "django")
SETTINGS = (
    "CORS", "HTTPS", "Cache", "Health", "Idempotency", "Limit", "RateLimit", "Redaction", "Timing", "idempotent",
)  # fmt: skip


def python(*code):
    return subprocess.run(
        [sys.executable, "-c", *code], check=True, capture_output=True, text=True, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(SOURCE.parent)},
    )  # fmt: skip


def test_the_floors():
    """import-linter keeps every contract of .importlinter."""
    code = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False,
        env={**os.environ, "PYTHONPATH": str(SOURCE.parent)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_the_floors_as_they_are_drawn():
    """docs/architecture.md draws the floors that import-linter holds."""
    drawn = (ROOT / "docs/architecture.md").read_text().partition("```\ncli\n")[2].partition("```")[0]
    held = (ROOT / ".importlinter").read_text().partition("    cli\n")[2].partition("exhaustive")[0]
    rooms = [line.partition("  ")[0].strip() for line in drawn.splitlines()]
    assert rooms == [line.strip() for line in held.splitlines()]


def test_import_is_light():
    """``import launchready`` loads nothing heavy."""
    loaded = python("import launchready, sys; print(' '.join(sys.modules))").stdout.split()
    assert not set(HEAVY) & set(loaded)


def test_import_is_fast():
    """``import launchready`` costs at most 60 ms of processor over bare Python: the median of seven pairs."""

    def seconds(code):
        start = resource.getrusage(resource.RUSAGE_CHILDREN)
        python(code)
        end = resource.getrusage(resource.RUSAGE_CHILDREN)
        return end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime

    assert statistics.median(seconds("import launchready") - seconds("pass") for _ in range(7)) <= 0.060


def test_help_is_fast():
    """``launchready --help`` loads no DNS, HTTP or certificate library."""
    loaded = python("import launchready.cli, sys\ntry: launchready.cli.main(['--help'])\nexcept SystemExit: pass\n"
                    "print('#', ' '.join(sys.modules))").stdout.rpartition("#")[2].split()  # fmt: skip
    assert not set(HEAVY) & set(loaded)


@pytest.mark.parametrize("face", ["launchready", "launchready.fastapi", "launchready.flask", "launchready.django"])
def test_names_of_the_contract(face):
    """The dataclasses and ``idempotent`` come from the front door and from each framework's face."""
    if face == "launchready.django":
        from faces.apps import _django_setup

        _django_setup()
    module = import_module(face)
    for name in SETTINGS:
        assert getattr(module, name), name


@pytest.mark.parametrize(
    "name",
    [
        "mail.spf.check_host", "mail.spf.acheck_host", "mail.spf.parse", "mail.dmarc.parse", "mail.dmarc.discover",
        "mail.dkim.parse_key", "mail.mta_sts.parse_txt", "mail.mta_sts.parse_policy", "mail.mta_sts.matches",
        "mail.tls_rpt.parse", "mail.mx.classify", "web.hsts.parse", "web.caa.may_issue", "secrets.scan",
        "idempotency.current", "idempotency.transaction", "idempotency.form_field", "client.AsyncClient",
        "redaction.install", "cors.explain",
    ],
)  # fmt: skip
def test_one_import_is_enough(name):
    """``import launchready`` reaches every public function of its rooms."""
    python(f"import launchready; launchready.{name}")


def test_unknown_name():
    """A name that is not there is an AttributeError, as everywhere."""
    with pytest.raises(AttributeError, match="no attribute 'Cros'"):
        _ = launchready.Cros


def test_no_file_is_two_rooms():
    """A file above 500 lines asks to be two."""
    long = {str(path.relative_to(SOURCE)): count for path in SOURCE.rglob("*.py")
            if (count := len(path.read_text().splitlines())) > 500}  # fmt: skip
    assert long == {}


def test_every_finding_has_a_page():
    """Each code of a check rule is explained in docs/findings/, in the rule's own words (docs/write_findings.py).

    Those of secrets, environments and databases are written by hand: they say what to revoke, set or grant.
    """
    rules = import_module("launchready.checks.catalogue").rules()
    page = import_module("launchready.checks.explain").page
    pages = {one.code: ROOT / "docs/findings" / f"{one.code}.md" for one in rules}
    texts = {one: pages[one.code].read_text(encoding="utf-8") for one in rules}
    assert [one.code for one in rules if not one.local and texts[one] != page(one)] == []
    assert [one.code for one in rules if texts[one].partition("\n")[0] != page(one).partition("\n")[0]] == []


def _functions(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _first_line(function):
    has_docstring = ast.get_docstring(function) is not None and len(function.body) > 1
    return function.body[1 if has_docstring else 0].lineno


def test_no_function_body_over_80_lines():
    """A function has at most 80 lines below its docstring."""
    long = {
        f"{path.relative_to(SOURCE)}:{node.name}": count
        for path in SOURCE.rglob("*.py")
        if "_examples" not in path.parts
        for node in _functions(path)
        if (count := (node.end_lineno or 0) - _first_line(node) + 1) > 80
    }
    assert long == {}


def test_where_to_change():
    """Every file that docs/where-to-change.md names exists, and there are twenty tasks."""
    rows = re.findall(r"^\| .+ \| `(src/[^`]+)` \|$", (ROOT / "docs/where-to-change.md").read_text(), re.MULTILINE)
    assert len(rows) == 20
    assert [row for row in rows if not (ROOT / row).exists()] == []


SHARED_NAMES = {
    "Health": "the settings a user writes, and the feature that core makes of them",
    "Idempotency": "the settings a user writes, and the feature that core makes of them",
    "LaunchReadyMiddleware": "the public name in each framework",
    "RateLimit": "the settings a user writes, and the feature that core makes of them",
    "Statements": "the SQL of one store, each in its own dialect",
}
"""Public class names with two definitions, each with its reason. At most ten."""


def test_one_name_one_class():
    """A public class name is defined once, but for those that are listed with a reason."""
    places = {}
    for path in SOURCE.rglob("*.py"):
        if "_examples" in path.parts:  # the sample apps of the wheel are programs of their own
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(str(path.relative_to(SOURCE)))
    twice = {name: where for name, where in places.items() if len(where) > 1}
    assert {name: where for name, where in twice.items() if name not in SHARED_NAMES} == {}
    assert sorted(twice) == sorted(SHARED_NAMES)  # a reason that is no longer needed leaves the list
    assert len(SHARED_NAMES) <= 10


def test_files_are_worth_opening():
    """The median file has at least 85 lines."""
    lines = [len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCE.rglob("*.py")]
    assert statistics.median(lines) >= 85


def test_test_files_have_names_of_their_own():
    """Test folders are no packages, so two test files of one name cannot be collected together."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []
