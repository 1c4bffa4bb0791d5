"""The map of a domain: each host, where its name leads, and where a visitor who types it ends.

It uses the questions and the engine of the checks, but judges nothing. ``Map.diff`` shows the changes since an
earlier map: one changed record is one line.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from launchready.checks.adapter import Network
from launchready.checks.engine import CheckEngine, QuestionBudget
from launchready.checks.operations import AskAll, Query, RunAll
from launchready.checks.sanitize import clean
from launchready.checks.shared_queries import Addresses, RedirectPath, addresses, follow
from launchready.checks.site import Site
from launchready.errors import ConfigError
from launchready.exchange.operations import Flow
from launchready.net.answers import DnsAnswer

MAX_QUESTIONS = 10_000


@dataclass(frozen=True, slots=True)
class Map:
    """Lines of ``name  target``. Equal maps have equal lines."""

    domain: str
    lines: tuple[str, ...]

    def to_text(self) -> str:
        return "\n".join(self.lines) + "\n"

    def to_markdown(self) -> str:
        return f"# Map of {clean(self.domain)}\n\n```text\n{self.to_text()}```\n"

    def to_dict(self) -> dict[str, Any]:
        return {"schema_version": 1, "domain": self.domain, "lines": list(self.lines)}

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Map":
        try:
            return cls(str(data["domain"]), tuple(map(str, data["lines"])))
        except (KeyError, TypeError) as error:
            raise ConfigError([f"not a map of launchready: {type(error).__name__}: {error}"]) from None

    def diff(self, before: "Map") -> list[str]:
        """``- line`` for removed lines, ``+ line`` for new ones, in the order of the maps."""
        gone = [f"- {line}" for line in before.lines if line not in self.lines]
        return gone + [f"+ {line}" for line in self.lines if line not in before.lines]


async def build_map(site: Site, network: Network, timeout: float, moved: Mapping[str, str]) -> Map:
    """``moved``: old URLs and the URLs to which they must lead now."""
    engine = CheckEngine(network, timeout)
    try:
        lines = await engine.run_flow(map_lines(site, moved), QuestionBudget("the map", MAX_QUESTIONS))
    finally:
        await engine.close()
    return Map(site.domain, tuple(clean(line) for line in lines))


def map_lines(site: Site, moved: Mapping[str, str]) -> Flow[list[str]]:
    hosts = list(site.web)
    names = RunAll([name_target(host) for host in hosts])
    yield names
    paths = RunAll([follow(f"{scheme}://{host}/") for host in hosts for scheme in ("http", "https")])
    yield paths
    old = RunAll([follow(url) for url in moved])
    yield old
    servers, mail = Query(site.domain, "NS"), Query(site.domain, "MX")
    yield AskAll([servers, mail])
    lines = [f"NS    {site.domain}  {records(servers.answer)}", f"MX    {site.domain}  {records(mail.answer)}"]
    lines += [f"NAME  {host}  {where}" for host, where in zip(hosts, names.answer, strict=True)]
    lines += [f"WEB   {hops(path)}" for path in paths.answer]
    for wanted, path in zip(moved.values(), old.answer, strict=True):
        ends = path.last.url
        right = ends.rstrip("/") == wanted.rstrip("/") and path.last.status < 400
        lines.append(f"MOVED {hops(path)}" + ("" if right else f"  (not {wanted})"))
    return lines


def name_target(host: str) -> Flow[str]:
    """The target of a name, on one line."""
    four, six = Query(host, "A"), Query(host, "AAAA")
    yield AskAll([four, six])
    if not (four.answer.known or six.answer.known):
        return f"? {four.answer.reason}"
    found: Addresses = yield from addresses(host)
    path = "".join(f"→ {name} " for name in found.chain)
    state = {"found": ", ".join(sorted(found.addresses)), "missing": "does not exist", "empty": "no address"}
    return f"{path}→ {state[found.state]}"


def records(answer: DnsAnswer) -> str:
    return f"→ {', '.join(answer.records) or 'none'}" if answer.known else f"? {answer.reason}"


def hops(path: RedirectPath) -> str:
    """Each URL of the path, with the status that led on."""
    shown = [f"{hop.url}  {hop.status or hop.reason}" for hop in path.hops]
    return " → ".join(shown) + (" → a loop" if path.loops else "")


def absolute_urls(moved: Mapping[str, str], host: str) -> dict[str, str]:
    """``[redirects]`` of launchready.toml with full URLs."""

    def whole(text: str) -> str:
        return f"https://{host}{text}" if text.startswith("/") else text

    return {whole(old): whole(new) for old, new in moved.items()}
