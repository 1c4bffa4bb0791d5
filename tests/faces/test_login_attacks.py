"""More than two hundred spellings of one guess at a log-in limited by account, through four frameworks.

Each view records every account that its own framework parses out of the request. A bypass is a sixth guess that reaches
the view and that a database, which ignores case, width and accents, would take for the victim's account.
"""

import base64
import json
import sys
import types
import unicodedata
from urllib.parse import quote

import pytest

from faces.apps import _django_setup, asgi_call, wsgi_call
from launchready.settings.rate_limit import Limit, RateLimit

VICTIM = "victim@example.com"
LIMIT = 5
GUARD = RateLimit(None, {"POST /login": Limit(f"{LIMIT}/hour", key="account")})
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
SPELLINGS = (
    VICTIM, "VICTIM@EXAMPLE.COM", " victim@example.com", "victim@example.com\t", "v\u00edctim@example.com",
    "vi\u0301ctim@example.com", "\uff56\uff49ctim@example.com", "victi\u200bm@example.com", "\ufeffvictim@example.com",
    "victi\u00adm@example.com", "V\u0130CTIM@example.com", "victim@exampl\u00e9.com",
)  # fmt: skip


def database_account(text):
    """What a column compares that ignores case, width, marks and invisible characters."""
    text = unicodedata.normalize("NFKD", str(text)).casefold()
    return "".join(each for each in text if unicodedata.category(each)[0] not in "MCZ")


def part(name, value, *, disposition=None, more="", newline="\r\n"):
    line = disposition or f'Content-Disposition: form-data; name="{name}"'
    return f"{line}{newline}{more}{newline}{value}{newline}"


def multipart(*parts, boundary="XX"):
    return "".join(f"--{boundary}\r\n{each}" for each in parts) + f"--{boundary}--\r\n"


def attacks():
    """Rows of (name, headers, body, query). ``{n}`` becomes another number in each request."""
    for number, name in enumerate(SPELLINGS):
        for field in ("email", "username"):
            decoy = "username" if field == "email" else "email"
            yield f"json {field} {number}", [JSON], json.dumps({field: name}), ""
            yield f"json decoy {decoy} {number}", [JSON], json.dumps({decoy: "d{n}", field: name}), ""
            yield f"form {field} {number}", [FORM], f"{field}={quote(name)}", ""
            yield f"form decoy {decoy} {number}", [FORM], f"{decoy}=d{{n}}&{field}={quote(name)}", ""
            yield f"form first {field} {number}", [FORM], f"{field}={quote(name)}&{field}=d{{n}}", ""
            yield f"form last {field} {number}", [FORM], f"{field}=d{{n}}&{field}={quote(name)}", ""
            yield f"multipart {field} {number}", ["multipart/form-data; boundary=XX"], multipart(part(field, name)), ""
            yield (
                f"multipart twice {field} {number}", ["multipart/form-data; boundary=XX"],
                multipart(part(field, "d{n}"), part(field, name), part(field, "e{n}")), "",
            )  # fmt: skip
    for kind in ("Application/JSON", "application/JSON; charset=UTF-8", "application/json;charset=utf8",
                 "application/vnd.api+json", "text/plain", "", "application/json; charset=utf-16",
                 "application/json; charset=utf-7", "APPLICATION/X-WWW-FORM-URLENCODED"):  # fmt: skip
        yield f"json as {kind!r}", [kind], json.dumps({"email": VICTIM}), ""
    yield "json in utf-16", [JSON], json.dumps({"email": VICTIM}).encode("utf-16"), ""
    yield "json in utf-16 announced", [f"{JSON}; charset=utf-16"], json.dumps({"email": VICTIM}).encode("utf-16"), ""
    yield "json in utf-32", [JSON], json.dumps({"email": VICTIM}).encode("utf-32"), ""
    yield "json escapes", [JSON], '{"e\\u006dail": "v\\u0069ctim@example.com"}', ""
    yield (
        "json duplicate",
        [JSON],
        '{"email": "victim@example.com", "email": "d{n}", "email": "victim@example.com"}',
        "",
    )
    yield "json padded", [JSON], json.dumps({"email": VICTIM, "pad": "x" * 70_000}), ""
    yield "json spaces", [JSON], " " * 66_000 + json.dumps({"email": VICTIM}), ""
    yield "json nested decoy", [JSON], json.dumps({"a": {"email": "d{n}"}, "email": VICTIM}), ""
    yield "json list decoy", [JSON], json.dumps({"username": ["d{n}"], "email": VICTIM}), ""
    yield "json crowd", [JSON], json.dumps({"username": [f"d{{n}}{i}" for i in range(20)], "email": VICTIM}), ""
    for kind in (f"{FORM}; charset=UTF-8", "Application/X-WWW-Form-Urlencoded", f" {FORM} ", f"{FORM};x=y", FORM + ","):
        yield f"form as {kind!r}", [kind], f"email={quote(VICTIM)}", ""
    yield "form in utf-16", [f"{FORM}; charset=utf-16"], f"email={quote(VICTIM.encode('utf-16'))}", ""
    yield "form in utf-7", [f"{FORM}; charset=utf-7"], "email=victim%2BAEA-example.com", ""
    yield "form in ibm037", [f"{FORM}; charset=ibm037"], f"email={quote(VICTIM.encode('cp037'))}", ""
    yield "form escaped name", [FORM], f"%65mai%6C={quote(VICTIM)}", ""
    yield "form semicolons", [FORM], f"username=d{{n}};email={VICTIM}", ""
    yield "form semicolon value", [FORM], f"x=1;email={VICTIM};y=2&email=d{{n}}", ""
    yield "form padded", [FORM], f"pad={'x' * 70_000}&email={VICTIM}", ""
    yield "form plus", [FORM], f"email=+{VICTIM}+", ""
    yield "form nul", [FORM], f"email={VICTIM}%00", ""
    yield "query decoy", [JSON], json.dumps({"email": VICTIM}), "email=d{n}"
    yield "query", [FORM], "", f"email={quote(VICTIM)}"
    yield "two kinds", [FORM, JSON], json.dumps({"email": VICTIM}), ""
    yield "two kinds turned", [JSON, FORM], f"email={quote(VICTIM)}", ""
    named = ("email*=utf-8''email", "Email", "EMAIL", '"email"', "'email'", 'x"; name="email')
    for kind in (
        "multipart/form-data; boundary=XX", 'multipart/form-data; boundary="XX"', "Multipart/Form-Data; Boundary=XX",
        "multipart/form-data;boundary=XX;charset=utf-16", "multipart/form-data; boundary=YY; boundary=XX",
        "multipart/form-data; boundary=XX; boundary=YY", "multipart/form-data; boundary*=utf-8''XX",
        "multipart/form-data; boundary*0=X; boundary*1=X", "multipart/form-data ; x=y; boundary=XX", "multipart/mixed; boundary=XX",
    ):  # fmt: skip
        yield f"multipart as {kind}", [kind], multipart(part("email", VICTIM)), ""
        yield f"multipart decoy as {kind}", [kind], multipart(part("email", "d{n}"), part("email", VICTIM)), ""
    for form in (
        *[f"Content-Disposition: form-data; name={name}" for name in named],
        'CONTENT-DISPOSITION: FORM-DATA; NAME="email"', "content-disposition:form-data;name=email",
        'Content-Disposition: form-data; name="e\\mail"', 'Content-Disposition: form-data; name="ema%69l"',
        'Content-Disposition: form-data; name="x"; name="email"', 'Content-Disposition: form-data; name="email"; name="x"',
        "Content-Disposition: form-data; name*=utf-8''%65mail", "Content-Disposition: form-data; name*0=em; name*1=ail",
        'Content-Disposition: form-data;\r\n name="email"', 'Content-Disposition : form-data; name="email"',
        'Content-Disposition: form-data; x="\r\n\r\n"; name="email"', 'X: y\r\nContent-Disposition: form-data; name="email"',
        'Content-Disposition: form-data; name="email"; x="\n\nd{n}"', 'Content-Disposition: attachment; name="email"',
        'Content-Disposition: form-data; name="x"\r\nContent-Disposition: form-data; name="email"',
        'Content-Disposition: form-data; name="email"\r\nContent-Disposition: form-data; name="x"',
    ):  # fmt: skip
        body = multipart(part("", VICTIM, disposition=form), part("email", "d{n}"))
        yield f"part {form!r}", ["multipart/form-data; boundary=XX"], body, ""
    encoded = base64.b64encode(VICTIM.encode()).decode()
    for more, value in (
        ("Content-Transfer-Encoding: base64\r\n", encoded), ("Content-Transfer-Encoding: BASE64\r\n", encoded),
        ("Content-Transfer-Encoding: quoted-printable\r\n", "=76ictim@example.com"),
        ("Content-Type: text/plain; charset=utf-16-le\r\n", "v\0i\0c\0t\0i\0m\0@\0e\0x\0a\0m\0p\0l\0e\0.\0c\0o\0m\0"),
        ("Content-Type: text/plain; charset=utf-7\r\n", "victim+AEA-example.com"), ("Content-Type: text/plain\r\n", VICTIM),
        ("Content-Length: 3\r\n", VICTIM), ("X-Anything: 1\r\n", VICTIM),
    ):  # fmt: skip
        body = multipart(part("email", value, more=more))
        yield f"part with {more!r}", ["multipart/form-data; boundary=XX"], body, ""
    for body in (
        f'--XX\nContent-Disposition: form-data; name="email"\n\n{VICTIM}\n--XX--\n',
        f'--XX\r\nContent-Disposition: form-data; name="email"\r\n\r\n{VICTIM}--XX--\r\n',
        f'preamble\r\n--XX\r\nContent-Disposition: form-data; name="email"\r\n\r\n{VICTIM}\r\n--XX--\r\n',
        f'--XX  \r\nContent-Disposition: form-data; name="email"\r\n\r\n{VICTIM}\r\n--XX--\r\n',
        f'--XX\r\nContent-Disposition: form-data; name="email"\r\n\r\n{VICTIM}\r\n--XX',
        f'--XX\r\nContent-Disposition: form-data; name="email"\r\n\r\n{VICTIM}\r\n--XX--\r\nepilogue',
        multipart(part("x", "1"), part("email", VICTIM)),
        f'--XX\r\nContent-Disposition: form-data; name="email"\r\n\r\n{VICTIM}\r\n--XX--\r\n' + "x" * 70_000,
    ):
        yield f"multipart {body[:60]!r}", ["multipart/form-data; boundary=XX"], body, ""


ATTACKS = list(attacks())


def fastapi(seen):
    pytest.importorskip("python_multipart")
    from fastapi import FastAPI, Request
    from fastapi.responses import JSONResponse

    from launchready.fastapi import LaunchReadyMiddleware

    app = FastAPI()

    @app.post("/login")
    async def login(request: Request):
        found = [request.query_params.get("email")]
        try:
            data = await request.json()
            found += [data.get("email"), data.get("username")] if isinstance(data, dict) else []
        except ValueError:
            pass
        form = await request.form()
        found += [*form.getlist("email"), *form.getlist("username")]
        seen(found)
        return JSONResponse({}, status_code=401)

    app.add_middleware(LaunchReadyMiddleware, rate_limit=GUARD)
    return asgi_call(app)


def flask(seen):
    from flask import Flask, request

    from launchready.flask import LaunchReady

    app = Flask(__name__)

    @app.post("/login")
    def login():
        data = request.get_json(force=True, silent=True)
        found = [data.get("email"), data.get("username")] if isinstance(data, dict) else []
        seen([*found, *request.values.getlist("email"), *request.values.getlist("username")])
        return {}, 401

    LaunchReady(app, rate_limit=GUARD)
    return wsgi_call(app)


def _django(login):
    _django_setup()
    from django.core.handlers.wsgi import WSGIHandler
    from django.test.utils import override_settings
    from django.urls import path

    urls = types.ModuleType("login_urls")
    urls.urlpatterns = [path("login", login)]
    sys.modules["login_urls"] = urls
    anonymous = {"UNAUTHENTICATED_USER": None, "UNAUTHENTICATED_TOKEN": None}
    changes = {"ROOT_URLCONF": urls, "REST_FRAMEWORK": anonymous, "DATA_UPLOAD_MAX_MEMORY_SIZE": 2**22}
    with override_settings(LAUNCHREADY={"RATE_LIMIT": GUARD}, **changes):
        call = wsgi_call(WSGIHandler())

    def within(*args, **options):
        with override_settings(LAUNCHREADY={}, **changes):
            return call(*args, **options)

    return within


def django(seen):
    _django_setup()
    from django.http import JsonResponse

    def login(request):
        found = [request.GET.get("email"), *request.POST.getlist("email"), *request.POST.getlist("username")]
        try:
            data = json.loads(request.body)
            found += [data.get("email"), data.get("username")] if isinstance(data, dict) else []
        except Exception:
            found += []
        seen(found)
        return JsonResponse({}, status=401)

    return _django(login)


def drf(seen):
    _django_setup()
    pytest.importorskip("rest_framework")
    from rest_framework.response import Response
    from rest_framework.views import APIView

    class LogIn(APIView):
        authentication_classes = ()
        permission_classes = ()

        def post(self, request):
            data, found = request.data, [request.query_params.get("email")]
            for name in ("email", "username"):
                if hasattr(data, "getlist"):
                    found += data.getlist(name)
                elif isinstance(data, dict):
                    found.append(data.get(name))
            seen(found)
            return Response({}, status=401)

    return _django(LogIn.as_view())


APPS = {"fastapi": fastapi, "flask": flask, "django": django, "drf": drf}


def guesses(build, attack):
    """Send one attack seven times from seven addresses. Returns how many reached the victim, and the statuses."""
    reached, statuses = [], []
    victims = {database_account(VICTIM)}

    def seen(found):
        if victims & {database_account(each) for each in found if isinstance(each, str)}:
            reached.append(found)

    _, kinds, body, query = attack
    call = build(seen)
    for number in range(LIMIT + 2):
        data = body if isinstance(body, bytes) else body.replace("{n}", str(number)).encode()
        headers = [("Content-Type", kind) for kind in kinds if kind]
        path = "/login" + ("?" + query.replace("{n}", str(number)) if query else "")
        statuses.append(call("POST", path, headers, data, client=f"198.51.{number}.7").status)
    return reached, statuses


@pytest.mark.parametrize("name", sorted(APPS))
def test_no_spelling_gets_a_sixth_guess(name):
    """No attack of the table reaches the victim's account more often than the limit allows, in any framework."""
    assert len(ATTACKS) >= 200
    outcomes = {attack[0]: guesses(APPS[name], attack) for attack in ATTACKS}
    assert {attack: len(reached) for attack, (reached, _) in outcomes.items() if len(reached) > LIMIT} == {}
    assert sum(len(reached) == LIMIT for reached, _ in outcomes.values()) >= 50  # the plain spellings do log in
    assert not [attack for attack, (_, statuses) in outcomes.items() if 500 in statuses]
