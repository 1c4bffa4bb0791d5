"""Requests that may take effect twice, found in source files: each row is a project and its findings."""

import subprocess
import textwrap

import pytest

import launchready
from launchready.env import find_problems
from launchready.env.loaders import Environment

BUILD = "from launchready.fastapi import LaunchReadyMiddleware, Idempotency\n"
MADE = BUILD + "app.add_middleware(LaunchReadyMiddleware, idempotency=Idempotency(routes=['POST /pay']){})\n"
HOOK = "from launchready.idempotency import webhook\n@webhook({})\ndef event(): ...\n"


def found(folder, files, git=True, **values):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    if git:
        subprocess.run(["git", "init", "-q", folder], check=True)
    one = Environment("production", "process", values)
    troubles = [each for each in find_problems(one, str(folder)) if each.code in {"ENV012", "ENV013", "ENV014"}]
    return [(each.code, each.name, each.where) for each in troubles]


ROUTES = [
    ("FastAPI", "@app.post('/payments')\nasync def pay(): ...", "POST /payments"),
    ("a router with a prefix", "r = APIRouter(prefix='/api')\n@r.post('/bookings/{id:int}/confirm')\ndef f(): ...",
     "POST /api/bookings/{id}/confirm"),
    ("Flask", "@app.route('/checkout', methods=['GET', 'POST'])\ndef f(): ...", "POST /checkout"),
    ("a blueprint", "bp = Blueprint('b', __name__, url_prefix='/v1')\n@bp.post('/orders/<int:id>')\ndef f(id): ...",
     "POST /v1/orders/{id}"),
    ("Starlette", "def pay(request): return request\nroutes = [Route('/pay', pay, methods=['POST'])]\nX = \"POST\"", None),
    ("Django", "def book(request):\n    if request.method == 'POST': ...\nurlpatterns = [path('book/<slug:x>', book)]",
     "POST /book/{x}"),
    ("a Django class", "class Pay(View):\n    def post(self, request): ...\nurlpatterns = [path('pay', Pay.as_view())]",
     "POST /pay"),
    ("protected", "@app.post('/payments')\n@idempotent\ndef f(): ...", None),
    ("protected by its options", "@app.post('/payments')\n@launchready.idempotent(required=True)\ndef f(): ...", None),
    ("its own check", "@app.post('/payments')\ndef f(request):\n    seen(request.headers['Idempotency-Key'])", None),
    ("a rule", "Idempotency(routes=['POST /payments'])\n@app.post('/payments')\ndef f(): ...", None),
    ("the usual rule", "Idempotency()\n@app.post('/bookings')\ndef f(): ...", None),
    ("a rule of a pattern", "Idempotency(routes=['POST /v1/{kind}/pay'])\n@app.post('/v1/x/pay')\ndef f(): ...", None),
    ("a rule and a mounted router", "Idempotency(routes=['POST /api/orders'])\n@r.post('/orders')\ndef f(): ...", None),
    ("Django's settings", "LAUNCHREADY = {'IDEMPOTENCY': {'ROUTES': ['POST /pay']}}\n@app.post('/pay')\ndef f(): ...", None),
    ("another rule", "Idempotency(routes=['POST /pay'])\n@app.post('/refunds')\ndef f(): ...", "POST /refunds"),
    ("a GET", "@app.get('/payments')\ndef f(): ...", None),
    ("what only looks", "@app.post('/bookings/preview')\n@app.post('/bookkeeping')\n@app.post('/search')\ndef f(): ...", None),
    ("an event", "@app.post('/webhooks/payments')\ndef f(): ...", None),
    ("a path that is computed", "@app.post(PATH)\ndef f(): ...", None),
    ("no Python", "def (", None),
]  # fmt: skip


@pytest.mark.parametrize(("desc", "text", "route"), ROUTES, ids=[row[0] for row in ROUTES])
def test_routes(desc, text, route, tmp_path):
    """ENV012, with the route and the line that declares it."""
    problems = found(tmp_path, {"shop/app.py": text})
    assert [name for code, name, _ in problems if code == "ENV012"] == ([route] if route else [])
    assert all(where.startswith("shop/app.py:") for _, _, where in problems)


def test_starlette(tmp_path):
    """A view named by a route counts if it accepts POST."""
    text = "async def pay(request):\n    'POST'\nroutes = [Route('/pay', pay, methods=['POST'])]"
    assert found(tmp_path, {"app.py": text}) == [("ENV012", "POST /pay", "app.py:3")]


def test_views_and_urls_in_two_files(tmp_path):
    """Django views and URLs in separate files are joined."""
    files = {
        "shop/urls.py": "from shop import views\nurlpatterns = [path('orders', views.order), path('about', views.about)]",
        "shop/views.py": "@require_POST\ndef order(request): ...\ndef about(request): ...",
    }
    assert found(tmp_path, files) == [("ENV012", "POST /orders", "shop/urls.py:2")]


def test_tests_and_untracked_files_are_skipped(tmp_path):
    """Tests, and files that git does not list, are not read."""
    text = "@app.post('/payments')\ndef f(): ..."
    assert found(tmp_path, {"tests/test_app.py": text, ".venv/lib/app.py": text, ".gitignore": ".venv\n"}) == []


def test_without_git(tmp_path):
    """Without git the whole folder is read."""
    assert len(found(tmp_path, {"app.py": "@app.post('/payments')\ndef f(): ..."}, git=False)) == 1


WORKERS = [
    ("WEB_CONCURRENCY", {}, {"WEB_CONCURRENCY": "4"}, True),
    ("one", {}, {"WEB_CONCURRENCY": "1"}, False),
    ("one, whatever the file says", {"Procfile": "web: gunicorn -w 4 app:app"}, {"WEB_CONCURRENCY": "1"}, False),
    ("Procfile", {"Procfile": "web: gunicorn app:app -w 4\n"}, {}, True),
    ("Dockerfile", {"Dockerfile": 'FROM x\nCMD ["uvicorn", "app:app", "--workers", "2"]\n'}, {}, True),
    ("gunicorn.conf.py", {"gunicorn.conf.py": "bind = 'x'\nworkers = 3\n"}, {}, True),
    ("compose", {"compose.yaml": "command: hypercorn --workers=2 app:app\n"}, {}, True),
    ("one in the file", {"Procfile": "web: gunicorn app:app --workers 1\n"}, {}, False),
    ("nobody says", {"Procfile": "web: uvicorn app:app\n"}, {}, False),
    ("a store in the environment", {}, {"WEB_CONCURRENCY": "4", "LAUNCHREADY_STORE": "redis://x"}, False),
    ("memory in the environment", {}, {"WEB_CONCURRENCY": "4", "LAUNCHREADY_STORE": "memory://"}, True),
]


@pytest.mark.parametrize(("desc", "files", "values", "expected"), WORKERS, ids=[row[0] for row in WORKERS])
def test_workers(desc, files, values, expected, tmp_path):
    """ENV013: several workers with a memory store."""
    assert (found(tmp_path, {"app.py": MADE.format(""), **files}, **values) != []) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MADE.format(", store='redis://x'"), False),
        (MADE.format(", store=settings.STORE"), False),
        (MADE.format(", store='memory://'"), True),
        ("from launchready.flask import LaunchReady\nLaunchReady(app)", False),
        ("from launchready.flask import LaunchReady\nLaunchReady(app, rate_limit='5/minute')", True),
        ("LAUNCHREADY = {'RATE_LIMIT': '5/minute'}", True),
        ("LAUNCHREADY = {'RATE_LIMIT': '5/minute', 'STORE': 'postgresql:///x', **more}", False),
        ("LAUNCHREADY = made()", False),
        ("app.add_middleware(Other, rate_limit=1)", False),
    ],
)
def test_apps_that_need_a_shared_store(text, expected, tmp_path):
    """A named or computed store counts as shared; an app that keeps nothing needs none."""
    assert (found(tmp_path, {"app.py": text}, WEB_CONCURRENCY="4") != []) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HOOK.format("'stripe'"), False),
        (HOOK.format("'stripe', keep='1d'"), True),
        (HOOK.format("'stripe', keep='3d'"), False),
        (HOOK.format("'stripe', keep=3600"), True),
        (HOOK.format("'standard-webhooks', keep='24h'"), True),
        (HOOK.format("'slack', keep='24h'"), False),
        (HOOK.format("'stripe', keep=KEEP"), False),
        (HOOK.format("'stripe', keep='soon'"), False),
        (HOOK.format("'unknown', keep='1s'"), False),
        (HOOK.format("provider, keep='1s'"), False),
        ("Idempotency(routes=['POST /webhooks/stripe'])", True),
        ("Idempotency(routes=['POST /hooks/mine'], keep='30d')", False),
        ("Idempotency(routes=['POST /hooks/mine'], keep='2d')", True),
        ("Idempotency(routes=['POST /pay'], keep='1h')", False),
        ("Idempotency(routes=ROUTES)", False),
    ],
)
def test_events(text, expected, tmp_path):
    """ENV014: a key expires while its provider still redelivers."""
    assert ([code for code, _, _ in found(tmp_path, {"app.py": text})] == ["ENV014"]) is expected


def test_oversized_files_are_skipped(tmp_path):
    """Oversized files and folders named like files are not read."""
    (tmp_path / "app.py").write_text("@app.post('/payments')\ndef f(): ...\n" + "#" * 1_000_000)
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere.py")
    assert found(tmp_path, {}) == []


def test_as_a_launch_check(tmp_path):
    """The problems become ranked findings."""
    found(
        tmp_path, {"app.py": "@app.post('/payments')\ndef f(): ...\n" + MADE.format(""), "Procfile": "w: gunicorn -w 4"}
    )
    report = launchready.check("example.com", repository=str(tmp_path), only=["ENV012", "ENV013", "ENV014"])
    assert [(one.code, one.when) for one in report] == [("ENV013", "48h"), ("ENV012", "48h")]
