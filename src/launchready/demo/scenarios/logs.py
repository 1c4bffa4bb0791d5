"""Searches the log file for every secret that the customers sent through the app."""

import re

from launchready.demo.scenarios.payments import CARD
from launchready.demo.scenarios.scenario import ScenarioContext, ScenarioResult

TITLE = "the log file searched for passwords, tokens, cards, keys and addresses"
NOTE = ""


async def run(context: ScenarioContext) -> ScenarioResult:
    text = context.app.log_text()
    found = {kind: sum(map(text.count, values)) for kind, values in list_secrets(context).items()}
    total = sum(found.values())
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in found.items() if count)
    summary = f"{total:,} found in {len(text.splitlines()):,} lines" + (f": {kinds}" if total else "")
    return ScenarioResult(summary, [f"the log holds no secret: {kinds}"] if total else [])


def list_secrets(context: ScenarioContext) -> dict[str, list[str]]:
    customers = context.customers
    return {
        "passwords": [customer.password for customer in customers],
        "session tokens": [customer.token for customer in customers],
        "confirmation tokens": confirmation_tokens(context),
        "card numbers": [CARD],
        "provider keys": [context.app.provider_key],
        "e-mail addresses": [customer.email for customer in customers],
    }


def confirmation_tokens(context: ScenarioContext) -> list[str]:
    texts = (message.get_content() for customer in context.customers for message in context.mailbox.to(customer.email))
    return [token for text in texts for token in re.findall(r"confirm\?token=(\S+)", text)]
