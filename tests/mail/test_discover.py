"""The tree walk of DMARC over real DNS: what is asked, what decides, and that silence is no policy."""

import asyncio
import sys
from pathlib import Path

import pytest

from launchready.mail import dmarc
from launchready.net.dns import Resolver

sys.path.insert(0, str(Path(__file__).parent.parent / "conformance" / "zones"))
import zone_server

ZONE = """
@ SOA ns.coach.example. ops.coach.example. 1 7200 900 1209600 300
_dmarc TXT "v=DMARC1; p=reject; sp=quarantine; np=none"
app A 192.0.2.1
shop A 192.0.2.2
_dmarc.shop TXT "v=DMARC1; p=none; psd=n"
mail.shop A 192.0.2.3
"""


def found(name, *, faults=(), **options):
    made = zone_server.Universe()
    made.add_lines(ZONE, "coach.example")
    made.faults += [dict(one, seen=0) for one in faults]
    with zone_server.ZoneServer(made) as server:
        asks = Resolver(((server.host, server.port),), attempts=(0.2,))
        answer = dmarc.discover(name, resolver=options.pop("resolver", None) or asks, **options)
        return answer, [qname for _, _, _, qname, kind in server.queries if kind == "TXT"]


@pytest.mark.parametrize(
    ("name", "source", "policy", "tag"),
    [
        ("coach.example", "coach.example", "reject", "p"),
        ("app.coach.example", "coach.example", "quarantine", "sp"),
        ("gone.coach.example", "coach.example", "none", "np"),
        ("shop.coach.example", "shop.coach.example", "none", "p"),
        ("mail.shop.coach.example", "shop.coach.example", "none", "p"),
    ],
)
def test_policy(name, source, policy, tag):
    """Its own record, else that of the organisation: sp for a name that is there, np for one that is not."""
    answer, _ = found(name)
    assert (answer.source, answer.policy, answer.tag) == (source, policy, tag)


def test_at_most_eight_questions():
    """However deep the name is: itself, then the last seven labels."""
    answer, asked = found("a.b.c.d.e.f.g.h.i.coach.example", exists=False)
    assert answer.policy == "none"
    assert len(asked) == 8


def test_silence_is_no_policy():
    """An answer that decides and does not come raises; one above a record that decides does not matter."""
    with pytest.raises(LookupError, match=r"_dmarc\.coach\.example"):
        found("app.coach.example", faults=[{"name": "_dmarc.coach.example", "action": "servfail"}])
    answer, _ = found("coach.example", faults=[{"name": "_dmarc.example", "action": "servfail"}])
    assert answer.policy == "reject"


def test_inside_a_running_loop():
    """``discover`` blocks its caller only; ``adiscover`` is the same without blocking."""
    made = zone_server.Universe()
    made.add_lines(ZONE, "coach.example")

    async def both(where):
        return dmarc.discover("coach.example", resolver=where), await dmarc.adiscover("coach.example", resolver=where)

    with zone_server.ZoneServer(made) as server:
        one, other = asyncio.run(both((server.host, server.port)))
    assert one == other
    assert one.policy == "reject"
