"""Questions that several rules need, as small flows. Equal questions are asked once in a run, so each rule may
simply ask.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urljoin, urlsplit

from launchready.checks.operations import AskAll, HttpGet, Query, Rdap, RunAll, Txt, known
from launchready.checks.site import Site, registered
from launchready.exchange.operations import Flow
from launchready.mail import dmarc, mta_sts, mx, spf
from launchready.net.addresses import is_address
from launchready.net.answers import DnsAnswer, HttpAnswer

MAX_HOPS = 10
# Name servers and mail servers to look at. Senders and resolvers try no more, and a zone can list thousands.
MAX_SERVERS = 20


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of a name. ``chain``: the aliases on the way; with "missing" the last one does not exist.
    "bogus": the name exists, but its DNSSEC signatures are wrong.
    """

    name: str
    state: Literal["found", "missing", "empty", "bogus"]
    addresses: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()

    @property
    def last(self) -> str:
        """The name at the end of the aliases."""
        return self.chain[-1] if self.chain else self.name

    @property
    def evidence(self) -> str:
        """The query and its answer, on one line."""
        shown = {
            "found": ", ".join(self.addresses),
            "missing": "does not exist (NXDOMAIN)",
            "empty": "no address",
            "bogus": "SERVFAIL; without checking signatures (CD=1) → answered (bogus DNSSEC)",
        }
        path = "".join(f" CNAME {name};" for name in self.chain)
        return f"A, AAAA {self.name} →{path} {self.last + ' ' if self.chain else ''}{shown[self.state]}"


def addresses(name: str) -> Flow[Addresses]:
    """The addresses of a name in both families. Undetermined when one family is unknown and the other is empty."""
    four, six = Query(name, "A"), Query(name, "AAAA")
    yield AskAll([four, six])
    found = (*four.answer.records, *six.answer.records)
    chain = max(four.answer.chain, six.answer.chain, key=len)
    if found:
        return Addresses(name, "found", found, chain)
    # RFC 8020: NXDOMAIN holds for every type, so one of the two is enough.
    if "nxdomain" in (four.answer.status, six.answer.status):
        return Addresses(name, "missing", (), chain)
    if four.answer.status == six.answer.status == "servfail":
        # RFC 4035 section 5.5: bad signatures give SERVFAIL, and the records when CD is set.
        unchecked = Query(name, "A", checking_disabled=True)
        yield unchecked
        if unchecked.answer.known:
            return Addresses(name, "bogus", (), chain)
    known(four.answer)
    known(six.answer)
    return Addresses(name, "empty", (), chain)


def bogus_dnssec_texts(name: str) -> tuple[str, str]:
    """Title and fix for a name with wrong signatures."""
    title = f"Many visitors cannot reach {name}: the security signatures of the domain (DNSSEC) are wrong"
    fix = (
        "At your registrar, delete the DS record of the domain; switch DNSSEC on again in your DNS provider, and "
        "enter the DS record that it shows."
    )
    return title, fix


def unused_name(site: Site) -> str:
    """A name below the domain that does not exist. Each run uses another one."""
    label = hashlib.sha256(f"{site.domain} {site.now}".encode()).hexdigest()[:10]
    return f"lr-{label}.{site.domain}"


# First labels of hosts that customers use. Any other host may be for internal use only.
FOR_CUSTOMERS = frozenset(
    {"www", "web", "m", "app", "api", "book", "booking", "bookings", "shop", "store", "pay", "payments", "checkout"}
    | {"login", "auth", "account", "my", "portal", "members", "learn", "courses", "cdn", "static", "assets", "blog"}
    | {"help", "support"}
)


def for_customers(host: str) -> bool:
    """Whether customers use the host, judged by its first label."""
    return host.partition(".")[0] in FOR_CUSTOMERS


def reach(site: Site, host: str) -> int:
    """How many people notice when a host is gone: 3 everybody, 2 those who use this part of the product."""
    return 3 if host in (site.domain, site.www, site.main) or for_customers(host) else 2


def named_hosts(site: Site) -> list[str]:
    """The named hosts and the hosts of webhooks, without the domain and www."""
    hooks = [urlsplit(url).hostname or "" for url in site.webhooks]
    others = dict.fromkeys([*site.hosts, *hooks])
    return [host for host in others if host and host not in (site.domain, site.www) and not is_address(host)]


@dataclass(frozen=True, slots=True)
class NameServerAnswer:
    """The SOA record as one name server of the domain answers it."""

    name: str
    address: str
    answer: DnsAnswer


def authorities(domain: str, *, tcp: bool = False) -> Flow[list[NameServerAnswer]]:
    """The SOA record from each name server, at one address each. Name servers without an address are left out."""
    op = Query(domain, "NS")
    yield op
    each = RunAll([addresses(server) for server in known(op.answer).records[:MAX_SERVERS]])
    yield each
    places = [(one.name, one.addresses[0]) for one in each.answer if one.addresses]
    ops = [Query(domain, "SOA", server=address, tcp=tcp) for _, address in places]
    yield AskAll(ops)
    return [NameServerAnswer(name, address, op.answer) for (name, address), op in zip(places, ops, strict=True)]


@dataclass(frozen=True, slots=True)
class Registration:
    """The registration. ``statuses``: EPP status codes in lower case without spaces. ``expires``: seconds, or None."""

    statuses: tuple[str, ...]
    expires: float | None


def registration(domain: str) -> Flow[Registration | None]:
    """The registration of the registered domain, or None when it is not probed."""
    op = Rdap(registered(domain))
    yield op
    if not op.answer.probed:
        return None
    found = known(op.answer).domain or {}
    statuses = found.get("status")
    events = found.get("events")
    plain_statuses = tuple(
        str(one).lower().replace(" ", "") for one in (statuses if isinstance(statuses, list | tuple) else ())
    )
    ends = [
        timestamp(event.get("eventDate"))
        for event in (events if isinstance(events, list | tuple) else ())
        if isinstance(event, dict) and str(event.get("eventAction", "")).lower() == "expiration"
    ]
    return Registration(plain_statuses, next((end for end in ends if end is not None), None))


def timestamp(text: object) -> float | None:
    """An RFC 3339 date as seconds since the epoch, or None."""
    try:
        found = dt.datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).timestamp()


def mail_servers(domain: str) -> Flow[mx.MX]:
    """The servers that receive mail for the domain."""
    op = Query(domain, "MX")
    yield op
    servers = mx.classify(known(op.answer).records)
    return replace(servers, hosts=servers.hosts[:MAX_SERVERS], addresses=servers.addresses[:MAX_SERVERS])


def sends_mail(site: Site) -> Flow[bool | None]:
    """Whether mail is sent from the domain: the owner's answer, else True if mail is received, else None. A
    subdomain that receives none is a host of the product, and sends none.
    """
    if site.sends_mail is not None:
        return site.sends_mail
    servers = yield from mail_servers(site.domain)
    if servers.kind == "none":
        return None if registered(site.domain) == site.domain else False
    return servers.kind != "null"


def spf_records(domain: str) -> Flow[tuple[str, ...]]:
    """The SPF records at a name. Undetermined when the answer is unknown."""
    op = Txt(domain)
    yield op
    return spf.records(known(op.answer).records)


def dmarc_policy(domain: str) -> Flow[dmarc.Discovery]:
    """The policy that applies to a domain; all parents are asked at once. Names above a valid record may be
    unknown.
    """
    walked = dmarc.names(domain)
    ops = {name: Txt(f"_dmarc.{name}") for name in walked}
    yield AskAll(ops.values())
    answers: dict[str, Sequence[str]] = {}
    for name in walked:
        answers[name] = known(ops[name].answer).records
        if name == walked[0] and dmarc.parse(answers[name]).valid:
            return dmarc.decide(domain, {name: op.answer.records for name, op in ops.items()})
    return dmarc.decide(domain, answers)


def evaluate_spf(ip: str, domain: str) -> Flow[spf.SPFResult]:
    """The SPF result for one sending address: ``check_host`` of RFC 7208, with the questions answered by this run."""
    flow = spf.evaluate(ip, domain, f"postmaster@{domain}", helo=domain)
    try:
        lookup = next(flow)
        while True:
            assert isinstance(lookup, spf.Lookup)
            op = Query(lookup.name, lookup.rdtype)
            yield op
            lookup.answer = op.answer
            lookup = next(flow)
    except StopIteration as stop:
        found: spf.SPFResult = stop.value
        return found


STS = tuple[mta_sts.STSRecord, mta_sts.STSPolicy | None, HttpAnswer | None]


def sts_policy(domain: str) -> Flow[STS]:
    """The MTA-STS record, the policy if the record is valid, and the HTTP answer that contained it."""
    op = Txt(f"_mta-sts.{domain}")
    yield op
    record = mta_sts.parse_txt(known(op.answer).records)
    if not record.valid:
        return record, None, None
    file = HttpGet(f"https://mta-sts.{domain}/.well-known/mta-sts.txt")
    yield file
    answer = file.answer
    return record, mta_sts.parse_policy(answer.body) if answer.status == 200 else None, answer


@dataclass(frozen=True, slots=True)
class RedirectPath:
    """The redirects from a URL. ``loops``: the last one leads ``back`` to an earlier URL, or there are too many."""

    hops: tuple[HttpAnswer, ...]
    loops: bool = False
    back: str = ""

    @property
    def last(self) -> HttpAnswer:
        return self.hops[-1]

    @property
    def evidence(self) -> list[str]:
        """One line for each redirect."""
        return [f"GET {hop.url} → {hop.status} {hop.location or ''}".rstrip() for hop in self.hops]


def follow(url: str) -> Flow[RedirectPath]:
    """Follows redirects as a browser without cookies does."""
    hops: list[HttpAnswer] = []
    seen: set[str] = set()
    while True:
        if url in seen or len(hops) == MAX_HOPS:
            return RedirectPath(tuple(hops), loops=True, back=url)
        seen.add(url)
        op = HttpGet(url)
        yield op
        hops.append(op.answer)
        location = op.answer.location
        if op.answer.trouble is not None or location is None:
            return RedirectPath(tuple(hops))
        try:
            url = without_fragment(urljoin(url, location))
        except ValueError:
            nowhere = HttpAnswer(op.answer.question, location, trouble="broken", reason="the redirect leads nowhere")
            return RedirectPath((*hops, nowhere))


def is_page(answer: HttpAnswer) -> bool:
    """Whether a browser shows the answer as a page. An answer without a type is a page if it looks like HTML."""
    kind = (answer.header("content-type") or "").partition(";")[0].strip().lower()
    return kind in ("text/html", "application/xhtml+xml") or (not kind and "<html" in answer.body[:2000].lower())


def link_hosts(site: Site) -> list[str]:
    """The hosts whose links may open an app: the main host and that of the app."""
    app = urlsplit(site.app).hostname if site.app else None
    return list(dict.fromkeys([site.main, *([app] if app else [])]))


def without_fragment(url: str) -> str:
    """A URL in comparable form: without fragment, with a path."""
    parts = urlsplit(url)
    return parts._replace(fragment="", path=parts.path or "/").geturl()


# The include of each mail service, by the end of its MX names.
SPF_INCLUDES: Mapping[str, str] = {
    "google.com": "_spf.google.com",
    "googlemail.com": "_spf.google.com",
    "protection.outlook.com": "spf.protection.outlook.com",
    "messagingengine.com": "spf.messagingengine.com",
    "zoho.com": "zohomail.com",
    "zoho.eu": "zohomail.eu",
    "privateemail.com": "spf.privateemail.com",
    "secureserver.net": "secureserver.net",
    "icloud.com": "icloud.com",
    "protonmail.ch": "_spf.protonmail.ch",
}


def sender_include(servers: mx.MX) -> str:
    """The include of the mail service that receives for the domain, or a placeholder."""
    for _, host in servers.hosts:
        for suffix, include in SPF_INCLUDES.items():
            if host == suffix or host.endswith(f".{suffix}"):
                return include
    return "<what your mail provider tells you>"
