"""Whatever a founder types and whatever a network answers: a clear error or a report, in time, and no connection to a
network of one's own.
"""

import asyncio
import contextlib
import gzip
import time

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.loopback import Served, http, nothing, silence
from checks.world import DOMAIN, check, page, to
from launchready.checks.options import CheckOptions
from launchready.checks.run import acheck
from launchready.checks.run import check as run_check
from launchready.checks.site import read_site
from launchready.errors import ConfigError
from launchready.net.addresses import is_public
from launchready.net.http import MAX_BYTES, HttpClient
from launchready.net.smtp import Greeter
from launchready.net.tls import Handshakes


@pytest.mark.parametrize(
    ("typed", "domain"),
    [
        ("coach.example", "coach.example"),
        ("https://coach.example/book?x=1#y", "coach.example"),
        ("coach.example/book", "coach.example"),
        ("HTTP://Coach.Example:8080", "coach.example"),
        ("  COACH.example.  ", "coach.example"),
        ("münchen-coach.example", "xn--mnchen-coach-dlb.example"),
        ("MÜNCHEN-coach.example", "xn--mnchen-coach-dlb.example"),
        ("xn--mnchen-coach-dlb.example", "xn--mnchen-coach-dlb.example"),
        ("coach。example", "coach.example"),
        ("https://www.coach.example/", "coach.example"),
        ("www.coach.example", "coach.example"),
        ("www.co.uk", "www.co.uk"),
        ("coach.example:8080", "coach.example"),
        ("//coach.example", "coach.example"),
        ("https://user:pass@coach.example/", "coach.example"),
        ("co.uk", None),
        ("anna@coach.example", None),
        ("*.coach.example", None),
        ("\u2615.example", None),
        ("user:pass@coach.example", None),
        ("192.0.2.1", None),
        ("http://192.0.2.1/", None),
        ("[2001:db8::1]", None),
        ("2001:db8::1", None),
        ("coach..example", None),
        (".coach.example", None),
        ("coach", None),
        ("", None),
        ("   ", None),
        (None, None),
        (5, None),
        ("a" * 300, None),
        (".".join(["a" * 60] * 5), None),
        ("a" * 64 + ".example", None),
        ("co ach.example", None),
        ("coach.example\nx", None),
        ("coach.123", None),
        ("-coach.example", None),
        ("\ud800.example", None),
        ("a" * 100_000 + ".example", None),
    ],
)
def test_what_is_typed(typed, domain):
    """A domain in its one form, or a ConfigError that says what to write instead."""
    if domain is not None:
        assert read_site(CheckOptions(typed)).domain == domain
        return
    with pytest.raises(ConfigError) as raised:
        read_site(CheckOptions(typed))
    assert "domain" in str(raised.value)
    assert "1 setting" in str(raised.value)
    assert len(str(raised.value)) < 400


@given(st.text() | st.from_regex(r"\A[a-z0-9.:/@_-]{0,40}\Z"))
def test_any_text_is_a_domain_or_a_configuration_error(text):
    """No other exception, whatever is typed."""
    with contextlib.suppress(ConfigError):
        assert read_site(CheckOptions(text)).domain


@pytest.mark.parametrize(
    "options",
    [
        {"hosts": "app"},
        {"hosts": [5]},
        {"canonical": "both"},
        {"dkim_selectors": ["a b"]},
        {"webhooks": ["nothing"]},
        {"webhooks": ["ftp://x.example/"]},
        {"webhooks": ["https://[x"]},
        {"protected": ["GET nothing"]},
        {"protected": ["G3T /path"]},
        {"senders": ["mail.example"]},
        {"timeout": 0},
        {"timeout": "soon"},
        {"tls": 5},
        {"rdap": 5},
        {"http": "https://proxy.example"},
        {"nameservers": ["192.0.2.53"]},
        {"health": "nothing"},
        {"timeout": float("nan")},
        {"resolver": "127.0.0.1"},
        {"resolver": ("127.0.0.1", "53")},
        {"only": ["mial"]},
        {"ignore": ["MAIL999"]},
        {"now": "yesterday"},
        {"cors_probe_origin": "https://evil.example/path"},
        {"origin": "server.example"},
    ],
)
def test_options_that_cannot_be_read(options):
    """All mistakes are a ConfigError, before anything is asked."""
    with pytest.raises(ConfigError):
        run_check(DOMAIN, **options)


PRIVATE = (
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "255.255.255.255", "224.0.0.1", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "64:ff9b:1::7f00:1", "::7f00:1", "fec0::1", "2001::1", "192.0.0.1", "198.18.0.1", "240.0.0.1", "not an address",
)  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_no_connection_to_ones_own_network(address):
    """A zone that points there gets no connection out of a server that embeds this: not HTTP, not TLS, not SMTP."""
    assert not is_public(address)

    async def there(_name):
        return [address]

    async def every():
        return await asyncio.gather(
            HttpClient(addresses=there).send("GET", f"http://{DOMAIN}/"),
            HttpClient().send("GET", f"http://[{address}]/" if ":" in address else f"http://{address}/"),
            Handshakes(addresses=there).facts(DOMAIN),
            Greeter().greet(DOMAIN, there),
        )

    assert {answer.trouble for answer in asyncio.run(every())} <= {"private", "dns", "broken"}


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "10.0.0.5"])
def test_a_domain_that_points_to_a_private_address(address):
    """It is a finding, and the server on that address is not connected to."""
    report, _ = check(drop="@ (A|AAAA) ", add=f"@ A {address}", only=["dns"])
    assert [one.code for one in report.fix_now] == ["DNS002"]


def test_a_redirect_does_not_lead_inside():
    """A public page that redirects to the metadata service: the redirect is judged anew, and not followed there."""

    async def both():
        with Served(nothing) as inside:
            url = f"http://127.0.0.1:{inside.address[1]}/latest/meta-data"
            answer = await HttpClient().send("GET", url)
            return answer.trouble, inside.seen

    assert asyncio.run(both()) == ("private", 0)


def ask(served, path="/", seconds=2.0):
    client = HttpClient(private=True, seconds=seconds)
    return asyncio.run(client.send("GET", f"http://127.0.0.1:{served.address[1]}{path}"))


def test_a_body_of_ten_megabytes():
    """Only its beginning is read."""
    with Served(http(headers=["content-type: text/html"], body=b"x" * 1_000_000, chunk=10)) as server:
        answer = ask(server)
    assert answer.status == 200
    assert len(answer.body) <= MAX_BYTES


def test_a_compressed_bomb():
    """A gigabyte in a megabyte is not opened: nobody asked for compression."""
    bomb = gzip.compress(b"\0" * 50_000_000)
    with Served(http(headers=["content-encoding: gzip"], body=bomb)) as server:
        answer = ask(server)
    assert (answer.status, answer.body) == (200, "")


def test_headers_without_an_end():
    """Not read to their end, and no exception."""
    with Served(http(headers=[f"x-{number}: {'y' * 1000}" for number in range(1000)])) as server:
        answer = ask(server)
    assert answer.trouble == "broken"


@pytest.mark.parametrize("talk", [silence, http(body=b"x", chunk=1000, pause=0.05)])
def test_a_server_that_never_finishes(talk):
    """Silence and a trickle end at the time for one request."""
    start = time.monotonic()
    with Served(talk) as server:
        answer = ask(server, seconds=0.4)
    assert answer.trouble == "timeout"
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("status", "headers"),
    [("200 OK", ["content-length: 5"]), ("999 What", []), ("200 OK", ["transfer-encoding: chunked"]), ("2000 OK", [])],
)
def test_answers_that_are_not_http(status, headers):
    """A broken answer is said to be broken, or read as far as it goes; nothing is raised."""
    with Served(http(status=status, headers=headers, body=b"zz\r\nnot chunked")) as server:
        answer = ask(server)
    assert answer.trouble in (None, "broken", "timeout")


def endless(request):
    number = int(request.url.params.get("n", 0)) + 1
    return httpx.Response(302, headers={"location": f"/?n={number}"})


def test_endless_redirects():
    """Each to a new address: given up after ten, and reported as a loop."""
    report, _ = check(transport=httpx.MockTransport(endless), only=["WEB001"])
    assert {one.code for one in report.fix_now} == {"WEB001"}


@pytest.mark.parametrize(
    "location", ["http://[", "javascript:alert(1)", "//", "http://x.example:99999/", "\u00e9" * 5000]
)
def test_redirects_that_lead_nowhere(location):
    """Whatever stands in Location, the report is whole."""
    report, _ = check(web={f"https://app.{DOMAIN}/": to(location.encode("utf-8").decode("latin-1"))}, only=["web"])
    assert not any("itself failed" in one.evidence for one in report.undetermined)


def test_records_of_64_kilobytes():
    """Long answers are read whole, and cut in the page, which stays small."""
    texts = "\n".join(f'@ TXT "{"z" * 250}{number}"' for number in range(230))
    report, _ = check(add=texts)
    assert len(report.findings) == 0
    broken, _ = check(
        drop="@ TXT", add='@ TXT "v=spf1 ' + '" "'.join("ip4:999.9.9.9 " * 17 for _ in range(100)) + '-all"'
    )
    assert [one.code for one in broken.fix_now] == ["MAIL008"]
    assert len(broken.to_html().encode()) <= 100_000


@pytest.mark.parametrize(
    "text", ["\x1b[2J\x1b]0;owned\x07", "\u202egnp.exe", "<script>alert(1)</script>", "`rm -rf`\n# x"]
)
def test_text_from_a_zone_is_only_text(text):
    """A record moves no cursor, and is no markup: in the terminal, in HTML, in Markdown."""
    shown = text.encode("utf-8").decode("latin-1").replace("\\", "").replace("\n", " ")
    report, _ = check(web={f"https://app.{DOMAIN}/": page(strict_transport_security=shown.replace("\x1b", "").replace("\x07", ""))},
                      drop="_dmarc", add=f'_dmarc TXT "v=dmarc1 {shown.encode("unicode_escape").decode()}"')  # fmt: skip
    assert report.fix_now
    assert "\x1b" not in report.to_text()
    assert "\u202e" not in report.to_text()
    assert "<script" not in report.to_html()


def test_the_deadline_always_holds():
    """Nothing answers, and the report is there in time; nothing is left running."""

    async def slow(*_):
        await asyncio.sleep(3600)

    async def run():
        start = time.monotonic()
        report = await acheck(
            DOMAIN, timeout=0.3, resolver=("127.0.0.1", 9), http=httpx.MockTransport(slow), tls=slow, rdap=slow
        )
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        return report, time.monotonic() - start, left

    report, seconds, left = asyncio.run(run())
    assert {one.status for one in report} == {"undetermined"}
    assert seconds < 3
    assert left == []


def test_cancelling_ends_everything():
    """Who cancels acheck gets CancelledError, and no task is left."""
    started = asyncio.Event()

    async def slow(_request):
        started.set()
        await asyncio.sleep(3600)

    async def run():
        task = asyncio.create_task(
            acheck(DOMAIN, hosts=["app"], resolver=("127.0.0.1", 9), http=httpx.MockTransport(slow), tls={}, rdap={})
        )
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)
        return [one for one in asyncio.all_tasks() if one is not asyncio.current_task() and not one.done()]

    assert asyncio.run(run()) == []


def test_progress_is_told():
    """Each check that ends is counted, up to the last."""
    told = []
    asyncio.run(
        acheck(DOMAIN, only=["registration"], rdap={}, resolver=("127.0.0.1", 9), timeout=0.2,
               progress=lambda done, total, topic: told.append((done, total, topic)))
    )  # fmt: skip
    assert [done for done, _, _ in told] == list(range(1, len(told) + 1))
    assert told[-1][0] == told[-1][1]


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.sampled_from(["status", "events", "secureDNS", "ldhName"]), st.none() | st.text() | st.lists(
    st.none() | st.text() | st.dictionaries(st.sampled_from(["eventAction", "eventDate"]), st.none() | st.text())), min_size=1))  # fmt: skip
def test_any_registration_data(data):
    """Whatever a registry answers: no check breaks."""
    report, _ = check(rdap=data, only=["registration"])
    assert not any("itself failed" in one.evidence for one in report.undetermined)
