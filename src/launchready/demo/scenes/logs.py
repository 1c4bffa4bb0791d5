"""The log file, searched for what must not be there: everything secret that the day has put through the app."""

import re

from launchready.demo.scenes.payments import CARD
from launchready.demo.scenes.scene import Outcome, Stage

TITLE = "the log file searched for passwords, tokens, cards, keys and addresses"
NOTE = ""


async def play(stage: Stage) -> Outcome:
    text = stage.app.log_text()
    found = {kind: sum(map(text.count, values)) for kind, values in secrets_of(stage).items()}
    total = sum(found.values())
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in found.items() if count)
    told = f"{total:,} found in {len(text.splitlines()):,} lines" + (f": {kinds}" if total else "")
    return Outcome(told, [f"the log holds no secret: {kinds}"] if total else [])


def secrets_of(stage: Stage) -> dict[str, list[str]]:
    people = stage.people
    return {
        "passwords": [person.password for person in people],
        "session tokens": [person.token for person in people],
        "confirmation tokens": confirmation_tokens(stage),
        "card numbers": [CARD],
        "provider keys": [stage.app.provider_key],
        "e-mail addresses": [person.email for person in people],
    }


def confirmation_tokens(stage: Stage) -> list[str]:
    texts = (message.get_content() for person in stage.people for message in stage.mailbox.to(person.email))
    return [token for text in texts for token in re.findall(r"confirm\?token=(\S+)", text)]
