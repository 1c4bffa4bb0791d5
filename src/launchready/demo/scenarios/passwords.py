"""500 password guesses from one address, while the owner of the account logs in from another."""

import asyncio
import secrets

from launchready.demo.http_client import LoopbackAnswer
from launchready.demo.scenarios.scenario import ScenarioContext, ScenarioResult

TITLE = "one password guessed 500 times"
NOTE = ""
GUESSES = 500
ALLOWED = 5
ATTACKER = "203.0.113.66"


async def run(context: ScenarioContext) -> ScenarioResult:
    owner = context.customers[0]

    async def guess(_: int) -> LoopbackAnswer:
        account = {"email": owner.email, "password": secrets.token_urlsafe(12)}
        return await context.client.send("POST", "/login", address=ATTACKER, json=account)

    answers = await asyncio.gather(*map(guess, range(GUESSES)))
    own = {"email": owner.email, "password": owner.password}
    owner_in = (await context.client.send("POST", "/login", address=owner.address, json=own)).status == 200
    evaluated = sum(answer.status == 401 for answer in answers)
    refused = [answer for answer in answers if answer.status == 429]
    summary = f"{evaluated} guesses checked, {len(refused)} refused with 429"
    summary += "; the owner logged in meanwhile" if owner_in else "; the owner was LOCKED OUT"
    failures = []
    if evaluated > ALLOWED:
        failures.append(f"at most {ALLOWED} guesses a minute are checked: {evaluated} were")
    if evaluated + len(refused) != GUESSES:
        failures.append(f"every guess is answered 401 or 429: {GUESSES - evaluated - len(refused)} were not")
    if not all(answer.headers.get("retry-after", "").isdecimal() for answer in refused):
        failures.append("every 429 has a Retry-After")
    if not owner_in:
        failures.append("the owner can log in from another address")
    return ScenarioResult(summary, failures)
