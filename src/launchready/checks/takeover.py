"""Whether a name leads to an unclaimed place at a service: anybody who claims the place controls the name."""

from collections.abc import Iterable
from dataclasses import dataclass

from launchready.checks.operations import AskAll, HttpGet, known
from launchready.checks.shared_queries import Addresses
from launchready.checks.takeover_services import find_service
from launchready.exchange.operations import Flow
from launchready.net.answers import HttpAnswer


@dataclass(frozen=True, slots=True)
class UnclaimedName:
    """The answer of the service. ``title``: the service. ``quote``: its words for an unclaimed place, "" if it is
    claimed.
    """

    title: str
    answer: HttpAnswer
    quote: str = ""


def find_unclaimed(host: str, found: Addresses) -> Flow[UnclaimedName | None]:
    """None if the name leads to no such service, or the service does not serve it. Undetermined if it did not
    answer. DNS003 reports a name that does not exist.
    """
    held = find_service(found.chain)
    if found.state != "found" or held is None or not held.says:
        return None
    plain, safe = HttpGet(f"http://{host}/"), HttpGet(f"https://{host}/")
    yield AskAll([plain, safe])
    for one in (plain, safe):
        words = quote_from(one.answer, held.says)
        if one.answer.known and (one.answer.status >= 400 or one.answer.status == 200) and words:
            return UnclaimedName(held.title, one.answer, words)
    heard = plain.answer if plain.answer.known else safe.answer
    return None if heard.trouble in ("refused", "tls") else UnclaimedName(held.title, known(heard))


def quote_from(answer: HttpAnswer, says: Iterable[str]) -> str:
    shown = "\n".join([answer.body, *(f"{name}: {value}" for name, value in answer.headers)]).lower()
    return next((f'"{text}"' for text in says if text.lower() in shown), "")
