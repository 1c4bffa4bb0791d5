"""Django under ASGI: views whose client leaves, and uploads; run by tests/idempotency/test_client_disconnects.py.

Django's settings are a process's, so this is one.
"""

import asyncio
import sys
from io import BytesIO
from uuid import NAMESPACE_URL, uuid5

import django
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.http import JsonResponse
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

BIG = b"x" * 3_000_000
CSRF = "django.middleware.csrf.CsrfViewMiddleware"  # reads the form before the view, for its token
TOKEN = "t" * 32
ran = []
entered, left = asyncio.Event(), asyncio.Event()


@csrf_exempt
async def pay(request):
    ran.append("in")
    entered.set()
    await asyncio.sleep(0.1)
    ran.append("out")
    left.set()
    return JsonResponse({"paid": True})


def upload(request):
    ran.append((request.POST.get("note"), len(request.FILES["photo"].read())))
    return JsonResponse({"seen": True})


def scope(key):
    headers = [(b"host", b"testserver"), (b"idempotency-key", key)]
    return {"type": "http", "http_version": "1.1", "method": "POST", "path": "/pay", "raw_path": b"/pay",
            "query_string": b"", "headers": headers, "scheme": "http", "client": ("127.0.0.1", 1)}  # fmt: skip


async def leaves(application):
    """Django hears of the disconnect while the view runs, and cancels it."""
    client = ApplicationCommunicator(application, scope(b"0f3b8a52-6c1d-4e7f-9a2b-5d8c7e6f1a04"))
    await client.send_input({"type": "http.request", "body": b""})
    await entered.wait()
    await client.send_input({"type": "http.disconnect"})
    await client.wait(2)
    await left.wait()
    await asyncio.sleep(0.1)
    again = ApplicationCommunicator(application, scope(b"0f3b8a52-6c1d-4e7f-9a2b-5d8c7e6f1a04"))
    await again.send_input({"type": "http.request", "body": b""})
    head = await again.receive_output(2)
    assert head["status"] == 200, head
    assert (b"Idempotent-Replayed", b"true") in head["headers"], head
    assert ran == ["in", "out"], ran


def uploads(name):
    """A file over Django's bound for text reaches the view whole, once, though a parser reads it before the view."""
    ran.clear()
    client = Client(enforce_csrf_checks=True)
    client.cookies["csrftoken"] = TOKEN
    for _ in range(2):
        photo = BytesIO(BIG)
        photo.name = "photo.jpg"
        sent = {
            "photo": photo,
            "note": "first",
            "_idem": str(uuid5(NAMESPACE_URL, f"{name}-key")),
            "csrfmiddlewaretoken": TOKEN,
        }
        answer = client.post(f"/{name}", sent, headers={"Idempotency-Key": str(uuid5(NAMESPACE_URL, f"{name}-key"))})
        assert answer.status_code == 200, (answer.status_code, answer.content[:300])
    assert answer.headers["Idempotent-Replayed"] == "true"
    assert ran == [("first", len(BIG))], ran


def chunks(name):
    """Django leaves a chunked body where it is under WSGI; a protected view sees it whole, whoever looked before."""
    ran.clear()
    client = Client(enforce_csrf_checks=True)
    client.cookies["csrftoken"] = TOKEN
    headers = {"Idempotency-Key": str(uuid5(NAMESPACE_URL, f"{name}-chunks")), "X-CSRFToken": TOKEN}
    for size, status in ((10, 200), (2_000_000, 422), (10, 200)):
        photo = BytesIO(b"x" * size)
        photo.name = "photo.jpg"
        body = encode_multipart(BOUNDARY, {"photo": photo, "note": "first", "_idem": headers["Idempotency-Key"]})
        given = {"wsgi.input": BytesIO(body), "wsgi.input_terminated": True, "CONTENT_TYPE": MULTIPART_CONTENT}
        answer = client.generic("POST", f"/{name}", b"", headers=headers, **given)
        assert answer.status_code == status, (answer.status_code, answer.content[:300])
    assert answer.headers["Idempotent-Replayed"] == "true"
    assert ran == [("first", 10)], ran


def main():
    settings.configure(
        SECRET_KEY="x" * 50, ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, DATABASES={},
        MIDDLEWARE=["launchready.django.LaunchReadyMiddleware", CSRF], INSTALLED_APPS=["launchready.django"],
        LAUNCHREADY={"IDEMPOTENCY": {"routes": ["POST /pay", "POST /upload"]}},
    )  # fmt: skip
    django.setup()
    from django.core.asgi import get_asgi_application

    from launchready.django import idempotent

    urlpatterns.extend(
        [path("pay", pay), path("upload", upload), path("view", idempotent(upload)),
         path("form", idempotent(key="form:_idem")(upload))]
    )  # fmt: skip
    asyncio.run(leaves(get_asgi_application()))
    for name in ("upload", "view", "form"):
        uploads(name)
        chunks(name)
    sys.stdout.write("OK\n")


urlpatterns = []

if __name__ == "__main__":
    main()
