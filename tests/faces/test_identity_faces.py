"""Who is asking, seen from outside: two requests of one client share a limit, whatever else they say of themselves."""

import pytest

from launchready.settings.rate_limit import RateLimit

XFF = "X-Forwarded-For"
PROXY, STRANGER, CF = "10.0.0.1", "203.0.113.9", "172.70.1.2"
SEVEN, V6 = "198.51.100.7", "2001:db8:1:2::77"

ROWS = {  # peer, its lines, and a peer that is the same client with no line at all
    "I01": (STRANGER, [], STRANGER),
    "I02": (STRANGER, [(XFF, "1.2.3.4")], STRANGER),
    "I03": (PROXY, [(XFF, SEVEN)], SEVEN),
    "I04": (PROXY, [(XFF, f"1.2.3.4, {SEVEN}")], SEVEN),
    "I05": (PROXY, [(XFF, f"1.2.3.4, {SEVEN}, 10.0.0.2")], SEVEN),
    "I06": (PROXY, [(XFF, "1.2.3.4"), (XFF, SEVEN)], SEVEN),
    "I07": (PROXY, [(XFF, f"{SEVEN}:51234")], SEVEN),
    "I08": (PROXY, [(XFF, "[2001:db8:1:2::9]:443")], V6),
    "I09": (PROXY, [(XFF, f"::ffff:{SEVEN}")], SEVEN),
    "I10": (PROXY, [(XFF, "'; drop")], PROXY),
    "I11": (PROXY, [(XFF, f"unknown, {SEVEN}")], SEVEN),
    "I12": (PROXY, [(XFF, "1.2.3.4, unknown")], PROXY),
    "I13": (PROXY, [], PROXY),
    "I14": (PROXY, [(XFF, f"{SEVEN}, ")], SEVEN),
    "I15": (PROXY, [(XFF, "10.0.0.5")], "10.0.0.5"),
    "I16": (STRANGER, [("X-Real-IP", "1.2.3.4")], STRANGER),
    "I17": (STRANGER, [("CF-Connecting-IP", "1.2.3.4")], STRANGER),
    "I18": (PROXY, [(XFF, "1.2.3.4, 0177.0.0.1")], PROXY),
    "Forwarded": (PROXY, [("Forwarded", 'for="[2001:db8:1:2::17]:4711";proto=https')], V6),
    "obfuscated": (PROXY, [("Forwarded", f"for={SEVEN}, for=_hidden")], PROXY),
    "Cloudflare": (CF, [("CF-Connecting-IP", SEVEN), (XFF, "1.2.3.4")], SEVEN),
    "500 hops": (PROXY, [(XFF, "1.2.3.4, " * 500 + SEVEN)], SEVEN),
}


@pytest.mark.parametrize("row", ROWS)
def test_the_same_client(face, row):
    """It is counted with the client that it is, and the address that it claims to be is not charged."""
    peer, lines, same = ROWS[row]
    call = face(rate_limit=RateLimit(None, {"GET /plain": "1/hour"}), trusted_proxies=["10.0.0.0/8"])
    assert call("GET", "/plain", lines, client=peer).status == 200
    assert call("GET", "/plain", client=same).status == 429
    assert call("GET", "/plain", client="1.2.3.4").status == 200


@pytest.mark.parametrize("bits", [48, 64, 128])
def test_how_much_of_an_ipv6_address_is_one_client(face, bits):
    """``ipv6_prefix``: the rest of the address may be changed at will, and is."""
    call = face(rate_limit=RateLimit("1/hour", ipv6_prefix=bits))
    assert call("GET", "/plain", client="2001:db8:1:2::1").status == 200
    assert call("GET", "/plain", client="2001:db8:1:2::2").status == (200 if bits == 128 else 429)
    assert call("GET", "/plain", client="2001:db8:1:3::1").status == (429 if bits == 48 else 200)


def test_behind_a_socket_of_this_machine(face):
    """A UNIX socket has no address: the proxy that opened it is believed where proxies are."""
    call = face(rate_limit=RateLimit("1/hour"), trusted_proxies=1)
    for last, status in ((SEVEN, 200), ("198.51.100.8", 200), (SEVEN, 429)):
        assert call("GET", "/plain", [(XFF, f"1.2.3.4, {last}")], client="").status == status
