"""The client recipes against a real server that loses answers, crashes and is busy: one purchase per attempt."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import launchready
from support import servers
from support.browser import chromium

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "examples/clients"
SOURCE = Path(launchready.__file__).parents[1]
SHOP = '''
import asyncio, json, os, signal
from pathlib import Path
import uvicorn
from launchready.asgi import Idempotency, LaunchReadyMiddleware

FOLDER = Path(os.environ["SHOP"])
SCOPE = (lambda request: "user:7") if os.environ["SCOPED"] else None

def note(line):
    with (FOLDER / "effects").open("a") as ledger:
        ledger.write(line + "\\n")

async def answer(send, status, body, *headers):
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})

async def shop(scope, receive, send):
    if scope["type"] != "http":
        return
    if scope["path"] == "/":
        return await answer(send, 200, b"<!doctype html><title>shop</title>", (b"content-type", b"text/html"))
    body = (await receive())["body"]
    how = json.loads(body)["how"]
    keys = [value for name, value in scope["headers"] if name == b"idempotency-key"]
    if how == "declined":
        return await answer(send, 402, b"no")
    note(keys[0].decode())
    if how == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    await asyncio.sleep(0.3 if how == "slow" else 0)
    if how == "broken":
        return await answer(send, 500, b"broken")
    await answer(send, 201, b"paid", (b"content-type", b"text/plain"))

protected = LaunchReadyMiddleware(shop, store=f"sqlite:///{FOLDER}/a.db", redaction=None, timing=None,
                                  idempotency=Idempotency(routes=["POST /pay"], lease="1s", scope=SCOPE))

async def proxy(scope, receive, send):
    """A proxy before the shop: loses the first answer to "lost", refuses the first request of "busy"."""
    if scope["type"] == "http" and scope["path"] == "/pay":
        message = await receive()
        how = json.loads(message["body"])["how"]
        first = not (FOLDER / how).exists()
        (FOLDER / how).touch()
        async def again():
            return message
        if how == "expired":  # the answer is lost, the session expires, the customer signs in again
            step = (FOLDER / "step").read_text() if (FOLDER / "step").exists() else ""
            (FOLDER / "step").write_text(step + ".")
            if step == ".":
                return await answer(send, 401, b"who are you?")
            token = b"Bearer before" if not step else b"Bearer after"
            scope = {**scope, "headers": [*scope["headers"], (b"authorization", token)]}
            if not step:
                async def lost(_):
                    pass
                await protected(scope, again, lost)
                raise RuntimeError("the answer is lost")
            return await protected(scope, again, send)
        if how == "login" and first:
            return await answer(send, 401, b"who are you?")
        if how == "busy" and first:
            return await answer(send, 503, b"", (b"retry-after", b"1"))
        if how == "lost" and first:
            async def nowhere(_):
                pass
            await protected(scope, again, nowhere)
            raise RuntimeError("the answer is lost")
        return await protected(scope, again, send)
    await protected(scope, receive, send)

uvicorn.run(proxy, port=int(os.environ["PORT"]), log_level="critical", lifespan="off", ws="none")
'''


class Shop:
    def __init__(self, folder, *, scoped=False):
        self.folder, self.scoped, self.port = folder, scoped, servers.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        environ = {**os.environ, "PYTHONPATH": str(SOURCE), "SHOP": str(self.folder), "PORT": str(self.port),
                   "SCOPED": "1" * self.scoped}  # fmt: skip
        self.process = subprocess.Popen([sys.executable, "-c", SHOP], env=environ)
        try:
            servers.until(self.answers, "the shop")
        except AssertionError:
            self.close()
            raise

    def answers(self):
        import httpx

        try:
            return httpx.get(self.url).status_code == 200
        except httpx.HTTPError:
            return False

    def restart(self):
        """Restart the shop as soon as it dies."""
        self.process.wait(20)
        self.start()

    def effects(self):
        path = self.folder / "effects"
        return path.read_text().split() if path.exists() else []

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def shop(tmp_path, request):
    made = Shop(tmp_path, scoped=getattr(request, "param", False))
    yield made
    made.close()


class JavaScript:
    """The recipe in a page of the shop."""

    def __init__(self, shop, page):
        self.shop, self.page = shop, page
        self.load()

    def load(self):
        self.page.goto(self.shop.url)
        self.page.add_script_tag(path=RECIPES / "purchase.js")

    def buy(self, how):
        told = "async (how) => { const a = await purchase('/pay', {how}, localStorage, 100); return a && a.status; }"
        return self.page.evaluate(told, how)

    def twice(self, how):
        told = "async (how) => { const one = () => purchase('/pay', {how}, localStorage, 100); return (await Promise.all([one(), one()])).map((a) => a.status); }"
        return self.page.evaluate(told, how)

    def kept(self):
        return self.page.evaluate("Object.keys(localStorage).length")


KOTLIN = """
fun main(args: Array<String>) {
    val file = java.io.File(args[2])
    val kept = object : KeyStorage {
        val all = java.util.Properties().also { if (file.exists()) it.load(file.reader()) }
        fun save() { file.writer().use { all.store(it, "") } }
        override fun get(place: String) = all.getProperty(place)
        override fun put(place: String, key: String) { synchronized(all) { all.setProperty(place, key); save() } }
        override fun remove(place: String) { synchronized(all) { all.remove(place); save() } }
    }
    val one = { purchase(args[0] + "/pay", "{\\"how\\":\\"" + args[1] + "\\"}", kept, 6, 100)?.status }
    val told = java.util.Collections.synchronizedList(mutableListOf<Int?>())
    if (args[3] == "2") (1..2).map { kotlin.concurrent.thread { told.add(one()) } }.forEach { it.join() } else told.add(one())
    println(told.joinToString(" ") + " " + kept.all.size)
}
"""


class Kotlin:
    """A process for each purchase, with the keys in a file."""

    def __init__(self, shop, jar):
        self.shop, self.jar, self.keys = shop, jar, 0

    def load(self):
        pass

    def _run(self, how, count):
        done = subprocess.run(
            ["java", "-cp", self.jar, "MainKt", self.shop.url, how, str(self.shop.folder / "keys"), str(count)],
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        *told, kept = done.stdout.split()
        self.keys = int(kept)
        return [int(one) if one != "null" else None for one in told]

    def buy(self, how):
        return self._run(how, 1)[0]

    def twice(self, how):
        return self._run(how, 2)

    def kept(self):
        return self.keys


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def jar(tmp_path_factory):
    """The recipe, compiled by ``kotlinc`` together with its runtime."""
    folder = tmp_path_factory.mktemp("kotlin")
    (folder / "Main.kt").write_text(KOTLIN)
    made = str(folder / "purchase.jar")
    words = [
        shutil.which("kotlinc"),
        str(RECIPES / "Purchase.kt"),
        str(folder / "Main.kt"),
        "-include-runtime",
        "-d",
        made,
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(params=["javascript", *(["kotlin"] if shutil.which("kotlinc") else [])])
def client(request, shop):
    if request.param == "kotlin":
        yield Kotlin(shop, request.getfixturevalue("jar"))
        return
    context = request.getfixturevalue("browser").new_context()
    yield JavaScript(shop, context.new_page())
    context.close()


@pytest.mark.parametrize(("how", "status"), [("ok", 201), ("busy", 201), ("lost", 201), ("slow", 201)])
def test_bought(client, shop, how, status):
    """At once, by a busy shop, and with a lost answer: one purchase, and the client gives up the key."""
    assert client.buy(how) == status
    assert len(shop.effects()) == 1
    assert client.kept() == 0
    assert client.buy(how) == status
    assert len(set(shop.effects())) == len(shop.effects()) == 2  # another purchase, on purpose


def test_a_double_click(client, shop):
    """Both calls get the answer."""
    assert client.twice("slow") == [201, 201]
    assert len(shop.effects()) == 1


def test_declined(client, shop):
    """A definite refusal: the next card is another attempt."""
    assert client.buy("declined") == 402
    assert client.kept() == 0


def test_signed_out_meanwhile(client, shop):
    """401 says nothing about an earlier attempt, so the client keeps the key until the customer has signed in."""
    assert client.buy("login") == 401
    assert client.kept() == 1
    assert client.buy("login") == 201
    assert client.kept() == 0


@pytest.mark.parametrize(("shop", "status", "kept"), [(True, 201, 0), (False, 409, 1)], indirect=["shop"])
def test_signed_in_again_after_a_lost_answer(client, shop, status, kept):
    """The answer is lost and the session expires. With ``scope`` the new log-in gets the first answer, without it 409."""
    assert client.buy("expired") == 401
    assert client.kept() == 1
    assert client.buy("expired") == status
    assert len(shop.effects()) == 1
    assert client.kept() == kept


@pytest.mark.parametrize("how", ["die", "broken"])
def test_unknown_outcome(client, shop, how):
    """The shop crashed after the charge, or answers 500: retries, also after a restart, cause one effect."""
    helper = threading.Thread(target=shop.restart)
    if how == "die":
        helper.start()
    told = [client.buy(how)]
    if how == "die":
        helper.join()
    client.load()
    told.append(client.buy(how))
    assert told[-1] == (409 if how == "die" else 500)
    assert 201 not in told
    assert client.kept() == 1
    assert len(shop.effects()) == 1


def test_the_recipes_agree():
    """Each recipe is short, and all know the same statuses."""
    known = set()
    for name in ("purchase.js", "Purchase.kt", "Purchase.swift"):
        text = (RECIPES / name).read_text()
        assert len(text.splitlines()) <= 40
        start = text.index("401, 403")
        known.add(tuple(json.loads(f"[{text[start : text.index('429', start) + 3]}]")))
    assert known == {(401, 403, 407, 408, 409, 421, 423, 425, 429)}
