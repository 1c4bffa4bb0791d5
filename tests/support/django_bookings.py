"""A Django project in one file, run in a process of its own: ``python django_bookings.py ENGINE_URL``.

Views with ``mode="transaction"``, with and without ATOMIC_REQUESTS, and ``transaction()`` on the ORM's connection. Prints
OK, or fails.
"""

import asyncio
import sys
import types
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

import django
from django.conf import settings

KEY = {"HTTP_IDEMPOTENCY_KEY": str(uuid5(NAMESPACE_URL, "key-1"))}


def database(url, atomic):
    parts = urlsplit(url)
    engine = {"sqlite": "sqlite3", "postgresql": "postgresql", "mysql": "mysql"}[parts.scheme]
    if engine == "mysql":
        import pymysql

        pymysql.install_as_MySQLdb()
        pymysql.version_info = (2, 2, 4, "final", 0)
    found = {"ENGINE": f"django.db.backends.{engine}", "NAME": parts.path[1:], "ATOMIC_REQUESTS": atomic}
    if engine != "sqlite3":
        found |= {"HOST": parts.hostname, "PORT": parts.port, "USER": parts.username, "PASSWORD": parts.password}
    return found


def main(url, atomic):
    settings.configure(
        DEBUG=False, ALLOWED_HOSTS=["*"], SECRET_KEY="x" * 40, ROOT_URLCONF="urls", LOGGING_CONFIG=None,
        MIDDLEWARE=["launchready.django.LaunchReadyMiddleware"], INSTALLED_APPS=["launchready.django"],
        DATABASES={"default": database(url, atomic)}, DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    )  # fmt: skip
    django.setup()
    from django.db import connection, models
    from django.http import HttpResponse, JsonResponse
    from django.template import engines
    from django.test import AsyncClient, Client
    from django.urls import path

    from launchready.django import idempotent
    from launchready.idempotency import current, transaction

    class Booking(models.Model):  # noqa: DJ008 - nobody prints one
        slot = models.IntegerField()

        class Meta:
            app_label = "shop"
            db_table = "django_bookings"

    for table in ("django_bookings", "launchready_once"):
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {table}")
    with connection.schema_editor() as editor:
        editor.create_model(Booking)
    with connection.cursor() as cursor:
        from launchready.idempotency.transaction.dialects import DIALECTS

        for statement in DIALECTS[connection.vendor].create:
            if not statement.startswith("SELECT"):
                cursor.execute(statement)
    ran = []

    @idempotent(mode="transaction")
    def book(request, how):
        ran.append(how)
        assert current().tx is connection
        Booking.objects.create(slot=len(ran))
        if how == "raise":
            raise RuntimeError("the handler failed")
        return JsonResponse({"ran": len(ran)}, status={"broken": 500}.get(how, 201))

    @idempotent(mode="transaction")
    async def abook(request):
        ran.append("async")
        await Booking.objects.acreate(slot=99)
        return JsonResponse({"ran": len(ran)}, status=201)

    def form(request):
        text = "{% load launchready %}<form>{% idempotency_field %}</form>"
        return HttpResponse(engines["django"].from_string(text).render({}, request))

    settings.TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
    urls = types.ModuleType("urls")
    urls.urlpatterns = [path("book/<str:how>", book), path("form", form)]
    if not atomic:  # Django refuses ATOMIC_REQUESTS with coroutines
        urls.urlpatterns.append(path("abook", abook))
    sys.modules["urls"] = urls
    client = Client(raise_request_exception=False)

    first, again = (client.post("/book/ok", **KEY) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201), (first.content, again.content)
    assert first.content == again.content
    assert again["Idempotent-Replayed"] == "true"
    assert Booking.objects.count() == 1
    assert client.post("/book/other", **KEY).status_code == 422

    for how in ("raise", "broken"):
        for _ in range(2):
            assert client.post(f"/book/{how}", HTTP_IDEMPOTENCY_KEY=str(uuid5(NAMESPACE_URL, how))).status_code == 500
        assert ran.count(how) == 2
    assert Booking.objects.count() == 1

    def direct():
        with transaction(connection, "key-1", scope="user:7") as once:
            if once.first:
                once.result = Booking.objects.create(slot=50).slot
        return once.first, once.result

    assert [direct(), direct()] == [(True, 50), (False, 50)]
    try:
        with transaction(connection, "key-2"):
            Booking.objects.create(slot=51)
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    assert Booking.objects.count() == 2

    if not atomic:

        async def both():
            caller = AsyncClient()
            return [
                (
                    await caller.post("/abook", headers={"idempotency-key": "0f3b8a52-6c1d-4e7f-9a2b-5d8c7e6f1a04"})
                ).content
                for _ in range(2)
            ]

        one, two = asyncio.run(both())
        assert one == two
        assert ran.count("async") == 1
        assert Booking.objects.filter(slot=99).count() == 1

    html = client.get("/form").content.decode()
    assert '<input type="hidden" name="_idem" value="lr.' in html, html
    print("OK")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] == "atomic")
