"""A page of a foreign origin, opened by a customer who is logged in.

The origin is an old sub-domain of the same site, now somebody else's: the session cookie is SameSite=Lax, and a
browser sends it along from there. What the browser would let the page read, and what the server does, is asked here.
"""

import uuid

from launchready.demo.coach import WEB_APP
from launchready.demo.scenes.scene import Outcome, Stage
from launchready.demo.wire import Answer

TITLE = "a foreign web page acts for a customer"
NOTE = ""
FOREIGN = "https://old-blog.coach.example"
SLOTS = {FOREIGN: 921, WEB_APP: 922}


async def play(stage: Stage) -> Outcome:
    read, preflight, write = await visit(stage, FOREIGN)
    may_read, may_ask, done = granted(read, FOREIGN), granted(preflight, FOREIGN), write.status == 201
    own_read, own_preflight, own_write = await visit(stage, WEB_APP)
    works = granted(own_read, WEB_APP) and granted(own_preflight, WEB_APP) and own_write.status == 201
    told = f"profile {'READABLE' if may_read else 'not readable'}, preflight {'GRANTED' if may_ask else 'refused'},"
    told += f" booking {'MADE' if done else 'refused'} ({write.status})"
    told += "; the own web app works" if works else "; the own web app does NOT work"
    broken = []
    if may_read or may_ask:
        broken.append("a foreign origin gets no grant")
    if done or write.status != 403:
        broken.append(f"an unsafe request of a foreign origin is refused with 403: it was answered {write.status}")
    if not works:
        broken.append("the own web app is granted what it needs")
    return Outcome(told, broken)


async def visit(stage: Stage, origin: str) -> tuple[Answer, Answer, Answer]:
    person = stage.people[1]
    cookie = {"origin": origin, "cookie": f"session={person.token}"}
    ask = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,idempotency-key",
    }
    key = {"idempotency-key": str(uuid.uuid4())}
    address, slot = person.address, {"slot_id": SLOTS[origin]}
    return (
        await stage.net.send("GET", "/me", address=address, headers=cookie),
        await stage.net.send("OPTIONS", "/bookings", address=address, headers=ask),
        await stage.net.send("POST", "/bookings", address=address, headers=cookie | key, json=slot),
    )


def granted(answer: Answer, origin: str) -> bool:
    """Whether a browser would let the page of this origin go on, with credentials (Fetch, "CORS check")."""
    return (
        answer.status < 300
        and answer.headers.get("access-control-allow-origin") == origin
        and answer.headers.get("access-control-allow-credentials") == "true"
    )
