"""A page of a foreign origin, opened by a logged-in customer.

The origin is an abandoned sub-domain of the same site, now under foreign control. The session cookie is SameSite=Lax,
so a browser sends it from there. The scenario checks the browser's grants and the server's actions.
"""

import uuid

from launchready.demo.http_client import LoopbackAnswer
from launchready.demo.sample_app import WEB_APP
from launchready.demo.scenarios.scenario import ScenarioContext, ScenarioResult

TITLE = "a foreign web page acts for a customer"
NOTE = ""
FOREIGN = "https://old-blog.coach.example"
SLOTS = {FOREIGN: 921, WEB_APP: 922}


async def run(context: ScenarioContext) -> ScenarioResult:
    read, preflight, write = await send_from(context, FOREIGN)
    may_read, may_send, done = is_granted(read, FOREIGN), is_granted(preflight, FOREIGN), write.status == 201
    own_read, own_preflight, own_write = await send_from(context, WEB_APP)
    works = is_granted(own_read, WEB_APP) and is_granted(own_preflight, WEB_APP) and own_write.status == 201
    summary = f"profile {'READABLE' if may_read else 'not readable'}, preflight {'GRANTED' if may_send else 'refused'},"
    summary += f" booking {'MADE' if done else 'refused'} ({write.status})"
    summary += "; the own web app works" if works else "; the own web app does NOT work"
    failures = []
    if may_read or may_send:
        failures.append("a foreign origin is granted nothing")
    if done or write.status != 403:
        failures.append(f"an unsafe request of a foreign origin is refused with 403: the answer was {write.status}")
    if not works:
        failures.append("the app's own web origin is granted what it needs")
    return ScenarioResult(summary, failures)


async def send_from(context: ScenarioContext, origin: str) -> tuple[LoopbackAnswer, LoopbackAnswer, LoopbackAnswer]:
    customer = context.customers[1]
    cookie = {"origin": origin, "cookie": f"session={customer.token}"}
    preflight = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,idempotency-key",
    }
    key = {"idempotency-key": str(uuid.uuid4())}
    address, slot = customer.address, {"slot_id": SLOTS[origin]}
    return (
        await context.client.send("GET", "/me", address=address, headers=cookie),
        await context.client.send("OPTIONS", "/bookings", address=address, headers=preflight),
        await context.client.send("POST", "/bookings", address=address, headers=cookie | key, json=slot),
    )


def is_granted(answer: LoopbackAnswer, origin: str) -> bool:
    """Whether a browser lets a page of this origin read the answer with credentials (Fetch, "CORS check")."""
    return (
        answer.status < 300
        and answer.headers.get("access-control-allow-origin") == origin
        and answer.headers.get("access-control-allow-credentials") == "true"
    )
