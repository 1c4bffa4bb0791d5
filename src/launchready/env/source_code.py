"""Reads routes and launchready settings from a project's Python source, without running it.

A route is a decorator (``@app.post("/x")``, ``@bp.route("/x", methods=["POST"])``), Starlette's ``Route``, or a line of
Django's ``urlpatterns`` whose view accepts POST. Values that are not literals are unknown and ignored.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from launchready.secrets import git, work_tree
from launchready.secrets.file_context import context_of

LARGEST = 1_000_000
_PARAMETER = re.compile(r"<(?:[^<>:]+:)?([^<>]+)>|\{([^{}:]+)(?::[^{}]*)?\}")
_PREFIX = {"APIRouter": "prefix", "Blueprint": "url_prefix"}
_BUILDS = {"LaunchReady", "LaunchReadyMiddleware", "add_middleware"}


class PostRoute(NamedTuple):
    """A POST route. ``source``: its view, decorators included."""

    path: str
    where: str
    source: str


class WebhookRoute(NamedTuple):
    """``@webhook(provider, keep=...)``. ``keep`` is "" for the default, None if it is not a literal."""

    provider: str
    keep: str | None
    where: str


class IdempotencyRoutes(NamedTuple):
    """``Idempotency(routes=[...], keep=...)``, or the same mapping in Django settings."""

    routes: tuple[str, ...]
    keep: str | None
    where: str


@dataclass
class ProjectRoutes:
    """``stores``: the values of ``store=``, None if not a literal. ``builds``: where the middleware is added."""

    routes: list[PostRoute] = field(default_factory=list)
    hooks: list[WebhookRoute] = field(default_factory=list)
    rules: list[IdempotencyRoutes] = field(default_factory=list)
    stores: list[str | None] = field(default_factory=list)
    builds: list[str] = field(default_factory=list)
    counts: bool = False


def read_project(folder: str) -> ProjectRoutes:
    """Read the folder's own code: no tests, no samples, no installed packages."""
    found = ProjectRoutes()
    views: dict[str, str] = {}
    named: list[tuple[str, str, str]] = []
    for path in list_files(folder):
        where = context_of(path)
        if not path.endswith(".py") or where.test or where.sample:
            continue
        text = read_text(folder, path)
        try:
            parsed = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        reading = _FileReader(path, text, parsed, found)
        reading.read()
        views |= reading.views
        named += reading.named
    for route, view, at in named:
        source = views.get(view, "")
        if _takes_post(source):
            found.routes.append(PostRoute(route, at, source))
    return found


def list_files(folder: str) -> Sequence[str]:
    """List the files of a folder, as git lists them if it can."""
    known = git.available() and git.work_tree_root(folder) is not None
    return work_tree.list_folder(folder).files if known else sorted(work_tree.walk(folder))


def read_text(folder: str, path: str) -> str:
    """Return the text of a file, or "" if it is unreadable or larger than ``LARGEST``."""
    whole = Path(folder, path)
    try:
        return "" if whole.stat().st_size > LARGEST else whole.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _takes_post(source: str) -> bool:
    return bool(re.search(r"""["']POST["']|require_POST|def post\b|\.POST\b|Create(?:API)?View|ModelViewSet""", source))


class _FileReader:
    """Reads one file."""

    def __init__(self, path: str, text: str, tree: ast.Module, found: ProjectRoutes) -> None:
        self._path, self._text, self._tree, self._found = path, text, tree, found
        self.views: dict[str, str] = {}
        self.named: list[tuple[str, str, str]] = []
        self._prefixes = dict(self._routers())

    def read(self) -> None:
        for node in ast.walk(self._tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self._view(node)
            elif isinstance(node, ast.Call):
                self._call(node)
            elif isinstance(node, ast.Assign) and [_name(target) for target in node.targets] == ["LAUNCHREADY"]:
                self._settings(node.value)

    def _at(self, node: ast.expr | ast.stmt) -> str:
        return f"{self._path}:{node.lineno}"

    def _routers(self) -> Iterator[tuple[str, str]]:
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _name(node.value) in _PREFIX:
                prefix = _text(_keyword(node.value, _PREFIX[_name(node.value)]))
                for target in node.targets:
                    yield _name(target), prefix or ""

    def _view(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        lines = self._text.splitlines()
        first = min([node.lineno, *(each.lineno for each in node.decorator_list)]) - 1
        source = "\n".join(lines[first : node.end_lineno])
        self.views[node.name] = source
        for each in node.decorator_list:
            if not isinstance(each, ast.Call):
                continue
            name = _name(each)
            if name == "webhook" and each.args and (provider := _text(each.args[0])):
                self._found.hooks.append(WebhookRoute(provider, _keep(_keyword(each, "keep")), self._at(each)))
            if name == "post" or (name in {"route", "api_route"} and "POST" in _texts(_keyword(each, "methods"))):
                path = _text(each.args[0] if each.args else _keyword(each, "path"))
                owner = each.func.value if isinstance(each.func, ast.Attribute) else None
                if path is not None:
                    prefix = self._prefixes.get(_name(owner), "") if owner is not None else ""
                    self._found.routes.append(PostRoute(normalize_path(prefix + path), self._at(each), source))

    def _call(self, node: ast.Call) -> None:
        name = _name(node)
        if (name == "Route" and "POST" in _texts(_keyword(node, "methods")) and len(node.args) > 1) or (
            name == "path" and len(node.args) > 1
        ):
            self._name(node)
        elif name == "Idempotency":
            self._rule(_keyword(node, "routes"), _keyword(node, "keep"), node)
        elif name in _BUILDS and ("launchready" in self._text):
            self._build(_keyword(node, "store"), any(_keyword(node, one) is not None for one in _KEEPS), node)

    def _name(self, node: ast.Call) -> None:
        path, view = _text(node.args[0]), node.args[1]
        if isinstance(view, ast.Call):  # View.as_view()
            view = view.func.value if isinstance(view.func, ast.Attribute) else view
        if path is not None:
            self.named.append((normalize_path("/" + path.lstrip("/")), _name(view), self._at(node)))

    def _settings(self, value: ast.expr) -> None:
        if not isinstance(value, ast.Dict):
            self._found.stores.append(None)
            return
        options = {(_text(key) or "").lower(): each for key, each in zip(value.keys, value.values, strict=True) if key}
        self._build(options.get("store"), any(one in options for one in _KEEPS), value)
        rules = options.get("idempotency")
        if isinstance(rules, ast.Dict):
            inner = {
                (_text(key) or "").lower(): each for key, each in zip(rules.keys, rules.values, strict=True) if key
            }
            self._rule(inner.get("routes"), inner.get("keep"), rules)

    def _build(self, store: ast.expr | None, counts: bool, node: ast.expr) -> None:
        self._found.counts |= counts
        self._found.builds.append(self._at(node))
        if store is not None:
            self._found.stores.append(_text(store))

    def _rule(self, routes: ast.expr | None, keep: ast.expr | None, node: ast.expr) -> None:
        usual = ("POST /bookings", "POST /payments")
        self._found.rules.append(
            IdempotencyRoutes(_texts(routes) if routes is not None else usual, _keep(keep), self._at(node))
        )


_KEEPS = ("idempotency", "rate_limit")


def normalize_path(path: str) -> str:
    """Write every framework's path parameters as ``{name}``."""
    return _PARAMETER.sub(lambda found: "{" + (found[1] or found[2]) + "}", path) or "/"


def _name(node: ast.AST) -> str:
    """Return the last name of a call or attribute."""
    if isinstance(node, ast.Call):
        return _name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _keyword(node: ast.Call, name: str) -> ast.expr | None:
    return next((each.value for each in node.keywords if each.arg == name), None)


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _texts(node: ast.expr | None) -> tuple[str, ...]:
    if not isinstance(node, ast.List | ast.Tuple | ast.Set):
        return ()
    return tuple(text for each in node.elts if (text := _text(each)) is not None)


def _keep(node: ast.expr | None) -> str | None:
    if node is None:
        return ""
    return str(node.value) if isinstance(node, ast.Constant) else None
