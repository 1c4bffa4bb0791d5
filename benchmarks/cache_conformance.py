"""The public test suite of HTTP caches (cache-tests.fyi), against the middleware around a reverse proxy app.

    git clone https://github.com/http-tests/cache-tests && (cd cache-tests && npm install)
    python benchmarks/cache_conformance.py cache-tests [--runs 2] [--faces asgi wsgi] [--profiles rfc9111 safe]

Needs Node.js, uvicorn and werkzeug. Each run has its own server with an empty store. docs/cache-conformance.md lists
the failed tests with reasons; exit 1 if the failures differ from that page. A test with a failed dependency counts as
failed. A run takes about a minute: the suite waits three seconds for responses to become stale, so run nothing heavy
beside it.
"""

import argparse
import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "src"))

PAGE = ROOT / "docs" / "cache-conformance.md"
ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
DRIVE = """
const [suite, base, only] = process.argv.slice(1)
const { runTests, getResults } = await import(suite + '/test-engine/client/runner.mjs')
const tests = (await import(suite + '/tests/index.mjs')).default
const chosen = test => !only || (test.id === only && (test.dump = true))
await runTests(tests.map(suite => ({ ...suite, tests: suite.tests.filter(chosen) })), false, base)
const kinds = tests.flatMap(s => s.tests).map(t => [t.id, t.kind ?? 'required'])
const needs = tests.flatMap(s => s.tests).map(t => [t.id, t.depends_on ?? []])
const facts = { kinds: Object.fromEntries(kinds), needs: Object.fromEntries(needs), results: getResults() }
console.log(JSON.stringify(facts))
"""
OF_CONNECTION = frozenset({b"host", b"connection", b"keep-alive", b"transfer-encoding", b"content-length"})


# The proxy forwards the origin's header lines; the server frames the body.


def question(method: bytes, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes:
    lines = [b"%b: %b" % pair for pair in headers if pair[0] not in OF_CONNECTION]
    head = [b"%b %b HTTP/1.1" % (method, target), b"host: localhost", b"connection: close", *lines]
    return b"\r\n".join([*head, b"content-length: %d" % len(body), b"", body])


def answer(data: bytes) -> tuple[bytes, list[tuple[bytes, bytes]], bytes]:
    """Status, header lines, body. Interim responses are skipped: neither interface supports them."""
    status = b"100"
    while status.startswith(b"1"):
        head, found, data = data.partition(b"\r\n\r\n")
        if not found:  # the origin has hung up
            return b"502 Bad Gateway", [], b""
        first, *rest = head.split(b"\r\n")
        status = first.partition(b" ")[2]
    pairs = [(name.lower(), value.strip()) for name, _, value in (line.partition(b":") for line in rest)]
    fields = dict(pairs)
    data = data[: int(fields.get(b"content-length", len(data)))]
    if fields.get(b"transfer-encoding", b"").lower() == b"chunked":
        chunks, data = data, b""
        while (size := int(chunks.partition(b"\r\n")[0], 16)) > 0:
            start = chunks.index(b"\r\n") + 2
            data, chunks = data + chunks[start : start + size], chunks[start + size + 2 :]
    kept = [pair for pair in pairs if pair[0] not in (b"transfer-encoding", b"keep-alive")]
    return status, [pair for pair in kept if pair != (b"connection", b"close")], data


async def asgi(scope, receive, send):
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    reader, writer = await asyncio.open_connection("localhost", int(os.environ["ORIGIN"]))
    writer.write(question(scope["method"].encode(), target, scope["headers"], body))
    status, headers, data = answer(await reader.read())
    writer.close()
    await send({"type": "http.response.start", "status": int(status[:3]), "headers": headers})
    await send({"type": "http.response.body", "body": data})


def wsgi(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    headers = [
        (key.removeprefix("HTTP_").replace("_", "-").lower().encode(), value.encode("latin-1"))
        for key, value in environ.items()
        if key.startswith("HTTP_") or (key == "CONTENT_TYPE" and value)
    ]
    with socket.create_connection(("localhost", int(os.environ["ORIGIN"]))) as origin:
        origin.sendall(question(environ["REQUEST_METHOD"].encode(), environ["RAW_URI"].encode(), headers, body))
        status, lines, data = answer(origin.makefile("rb").read())
    start_response(status.decode(), [(name.decode(), value.decode("latin-1")) for name, value in lines])
    return [data]


def serve(face: str, profile: str, port: int) -> None:
    """Serve the middleware in front of the proxy until the process is terminated."""
    from launchready import asgi as asgi_face
    from launchready import wsgi as wsgi_face
    from launchready.settings.cache import Cache

    settings = {
        "cache": Cache(profile=profile),
        "timing": None,
        "health": None,
        "redaction": None,
        "store": "memory://",
    }
    if face == "asgi":
        import uvicorn

        app = asgi_face.LaunchReadyMiddleware(asgi, **settings)
        uvicorn.run(
            app,
            port=port,
            date_header=False,
            server_header=False,
            log_level="error",
            lifespan="off",
            timeout_keep_alive=60,
        )
    else:
        from werkzeug.serving import WSGIRequestHandler, make_server

        class Plain(WSGIRequestHandler):
            protocol_version = "HTTP/1.1"

            def log(self, *_):
                pass

            def send_response(self, code, message=None):
                self.send_response_only(code, message)  # without a second Date

        app = wsgi_face.LaunchReadyMiddleware(wsgi, **settings)
        make_server("127.0.0.1", port, app, threaded=True, request_handler=Plain).serve_forever()


# The run.


def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listening(number: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("localhost", number), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("a server did not start")


def run(suite: Path, face: str, profile: str, only: str) -> tuple[dict[str, str], dict[str, object]]:
    """Kinds and results by test: True, or the reason of the failure. A test with a failed dependency has failed."""
    origin, front = port(), port()
    environment = os.environ | {"ORIGIN": str(origin), "npm_config_port": str(origin), "npm_config_protocol": "http",
                                "npm_config_pidfile": os.devnull}  # fmt: skip
    servers = [
        subprocess.Popen(["node", "test-engine/server/server.mjs"], cwd=suite, env=environment,
                         stdout=subprocess.DEVNULL),
        subprocess.Popen([sys.executable, __file__, ".", "--serve", face, profile, str(front)], env=environment,
                         stderr=subprocess.DEVNULL),
    ]  # fmt: skip
    try:
        listening(origin)
        listening(front)
        command = ["node", "--no-warnings", "--input-type=module", "-e", DRIVE, str(suite), f"http://127.0.0.1:{front}"]
        *wire, last = subprocess.run([*command, only], check=True, stdout=subprocess.PIPE).stdout.splitlines(
            keepends=True
        )
        sys.stdout.write(b"".join(wire).decode())
        said = json.loads(last)
    finally:
        for server in servers:
            server.terminate()
            server.wait()
    results: dict[str, object] = said["results"]
    failed = {test for test, result in results.items() if result is not True}
    more = failed
    while more:  # dependencies of dependencies
        more = {test for test in results.keys() - failed if not failed.isdisjoint(said["needs"][test])}
        results.update(dict.fromkeys(more, "a test that it depends on failed"))
        failed |= more
    return said["kinds"], results


def expected(profile: str) -> set[str]:
    """The failures listed in docs/cache-conformance.md for a profile."""
    _, everywhere, safe = re.split(r"^## In .*", PAGE.read_text(), flags=re.MULTILINE)
    return set(ROW.findall(everywhere)) | (set(ROW.findall(safe)) if profile == "safe" else set())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("suite", type=Path)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--faces", nargs="+", default=["asgi", "wsgi"])
    parser.add_argument("--profiles", nargs="+", default=["rfc9111", "safe"])
    parser.add_argument("--only", default="", help="the id of one test, with what went over the wire")
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        serve(chosen.serve[0], chosen.serve[1], int(chosen.serve[2]))
    wrong = 0
    for profile in chosen.profiles:
        for face in chosen.faces:
            for number in range(chosen.runs):
                kinds, results = run(chosen.suite.resolve(), face, profile, chosen.only)
                failed = {test for test, result in results.items() if result is not True and kinds[test] != "check"}
                total, passed = Counter(kinds[test] for test in results), Counter()
                passed.update(kinds[test] for test, result in results.items() if result is True)
                counts = ", ".join(f"{kind} {passed[kind]}/{total[kind]}" for kind in ("required", "optimal"))
                print(f"{profile} {face} run {number + 1}: {counts}", flush=True)
                for test in sorted(failed - expected(profile)):
                    print(f"  failed, and is not in {PAGE.name}: {kinds[test]} {test}: {results[test]}")
                for test in sorted(expected(profile) - failed):
                    print(f"  passed, and is in {PAGE.name}: {test}")
                wrong += failed != expected(profile)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
