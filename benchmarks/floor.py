"""The floor: the least that a layer with these features can cost, written by hand. A lower bound and not a product.

One ASGI layer does a counter per client, CORS lines, a cache by URL, replay by key, and durations by route, each in
the fewest lines that pass the checks of this benchmark. It trusts everything and handles no failure.
"""

from hashlib import sha256
from time import monotonic, perf_counter

MAX_CACHED = 10_000


class Floor:
    def __init__(self, app, *, origin, limit):
        self.app = app
        self.origin = origin.encode()
        self.limit = limit
        self.grant = [(b"access-control-allow-origin", self.origin), (b"vary", b"Origin")]
        self.preflight = [*self.grant, (b"access-control-allow-methods", b"GET, POST"), (b"content-length", b"0")]
        self.policy = (b"ratelimit-policy", b'"default";q=%d;w=60' % limit)
        self.counts = {}
        self.cached = {}
        self.answers = {}
        self.durations = {}

    async def __call__(self, scope, receive, send):
        began, now = perf_counter(), monotonic()
        method, fields = scope["method"], dict(scope["headers"])
        grant = self.grant if fields.get(b"origin") == self.origin else self.grant[1:]
        if method == "OPTIONS" and b"access-control-request-method" in fields:
            await reply(send, 204, self.preflight, b"")
            return
        client = (scope["client"][0], now // 60)
        count = self.counts[client] = self.counts.get(client, 0) + 1
        if count > self.limit:
            wait = 60 - int(now) % 60
            body = b'{"type":"about:blank","title":"Too many requests","status":429}'
            lines = [
                (b"content-type", b"application/problem+json"), (b"content-length", b"%d" % len(body)),
                (b"retry-after", b"%d" % wait), self.policy, (b"ratelimit", b'"default";r=0;t=%d' % wait), *grant,
            ]  # fmt: skip
            await reply(send, 429, lines, body)
            return
        adds = [self.policy, (b"ratelimit", b'"default";r=%d' % (self.limit - count)), *grant]
        key = digest = None
        if method == "GET":
            key = scope["raw_path"], scope["query_string"]
            found = self.cached.get(key)
            if found is not None and found[0] > now:
                lines = [*found[2], (b"cache-status", b"floor; hit"), *adds]
                await reply(send, found[1], lines, found[3])
                return
        elif b"idempotency-key" in fields:
            message = await receive()
            key = fields[b"idempotency-key"]
            digest = sha256(message["body"]).digest()
            found = self.answers.get(key)
            if found is not None:
                if found[0] != digest:
                    await reply(send, 422, [(b"content-length", b"0"), *adds], b"")
                    return
                await reply(send, found[1], [*found[2], (b"idempotent-replayed", b"true"), *adds], found[3])
                return

            async def receive():
                return message

        status, headers, until = 500, [], 0

        async def wrapped(message):
            nonlocal status, headers, until
            if message["type"] == "http.response.start":
                status, headers = message["status"], message["headers"]
                control = dict(headers).get(b"cache-control", b"")
                until = now + int(control[8:]) if control.startswith(b"max-age=") else 0
                await send({"type": "http.response.start", "status": status, "headers": [*headers, *adds]})
            else:
                if digest is not None:
                    self.answers[key] = (digest, status, headers, message["body"])
                elif until:
                    if len(self.cached) >= MAX_CACHED:
                        del self.cached[next(iter(self.cached))]
                    self.cached[key] = (until, status, headers, message["body"])
                await send(message)

        await self.app(scope, receive, wrapped)
        route = scope.get("route")
        row = self.durations.setdefault((method, route and route.path, status // 100), {})
        bucket = int((perf_counter() - began) * 1e6).bit_length()
        row[bucket] = row.get(bucket, 0) + 1


async def reply(send, status, headers, body):
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
