"""One password guessed 500 times from one address, while its owner wants to log in from another."""

import asyncio
import secrets

from launchready.demo.scenes.scene import Outcome, Stage
from launchready.demo.wire import Answer

TITLE = "one password guessed 500 times"
NOTE = ""
GUESSES = 500
ALLOWED = 5
ATTACKER = "203.0.113.66"


async def play(stage: Stage) -> Outcome:
    owner = stage.people[0]

    async def guess(_: int) -> Answer:
        who = {"email": owner.email, "password": secrets.token_urlsafe(12)}
        return await stage.net.send("POST", "/login", address=ATTACKER, json=who)

    answers = await asyncio.gather(*map(guess, range(GUESSES)))
    own = {"email": owner.email, "password": owner.password}
    owner_in = (await stage.net.send("POST", "/login", address=owner.address, json=own)).status == 200
    evaluated = sum(answer.status == 401 for answer in answers)
    refused = [answer for answer in answers if answer.status == 429]
    told = f"{evaluated} guesses evaluated, {len(refused)} refused with 429"
    told += "; the owner logged in meanwhile" if owner_in else "; the owner was LOCKED OUT"
    broken = []
    if evaluated > ALLOWED:
        broken.append(f"at most {ALLOWED} guesses a minute are evaluated: {evaluated} were")
    if evaluated + len(refused) != GUESSES:
        broken.append(f"every guess is answered 401 or 429: {GUESSES - evaluated - len(refused)} were not")
    if not all(answer.headers.get("retry-after", "").isdecimal() for answer in refused):
        broken.append("every 429 says in Retry-After when to come back")
    if not owner_in:
        broken.append("the owner can log in from another address")
    return Outcome(told, broken)
