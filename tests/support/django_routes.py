"""Django with ``IDEMPOTENCY = {"mode": "transaction"}``; run by tests/idempotency/test_transaction_routes.py."""

import asyncio
import sys
from uuid import NAMESPACE_URL, uuid5

import django
from django.conf import settings
from django.test import AsyncClient, Client
from django.urls import path


def book(request):
    from django.db import connection
    from django.http import JsonResponse

    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bookings VALUES (%s)", [request.GET["how"]])
    if request.GET["how"] == "raise":
        raise RuntimeError("no")
    return JsonResponse({"booked": request.GET["how"]}, status=201)


urlpatterns = [path("book", book)]


def main():
    settings.configure(
        SECRET_KEY="x" * 50, ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, INSTALLED_APPS=["launchready.django"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}},
        MIDDLEWARE=["launchready.django.LaunchReadyMiddleware"],
        LAUNCHREADY={"STORE": "memory://", "IDEMPOTENCY": {"routes": ["POST /book"], "mode": "transaction"}},
    )  # fmt: skip
    django.setup()
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bookings (how TEXT)")

    def sync(how, key):
        return Client(raise_request_exception=False).post(
            f"/book?how={how}", headers={"Idempotency-Key": str(uuid5(NAMESPACE_URL, key))}
        )

    def coroutine(how, key):
        client = AsyncClient(raise_request_exception=False)
        return asyncio.run(client.post(f"/book?how={how}", headers={"Idempotency-Key": str(uuid5(NAMESPACE_URL, key))}))

    for name, post in (("sync", sync), ("async", coroutine)):
        first, again = post(name, name), post(name, name)
        assert (first.status_code, again.status_code) == (201, 201), (first.status_code, again.status_code)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert post("raise", f"{name}-r").status_code == 500
    with connection.cursor() as cursor:
        cursor.execute("SELECT how FROM bookings")
        rows = [row[0] for row in cursor.fetchall()]
    assert rows == ["sync", "async"], rows
    sys.stdout.write("OK\n")


if __name__ == "__main__":
    main()
