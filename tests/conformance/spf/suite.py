"""The public test suite of RFC 7208 on a real name server: scenarios, their zones, and who answers for them."""

import sys
from pathlib import Path

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import yaml

HERE = Path(__file__).parent
# What an evaluation asks for. A name that is TIMEOUT is silent about all of them but those that it has records of.
TYPES = ("TXT", "A", "AAAA", "MX", "PTR")
sys.path.insert(0, str(HERE.parent / "zones"))
import zone_server  # noqa: E402


def scenarios():
    with (HERE / "spf-rfc7208.yml").open(encoding="utf-8") as file:
        return [scenario for scenario in yaml.safe_load_all(file) if scenario]


def universe(scenario, *, tcp):
    """The zone of a scenario. ``tcp``: every answer over UDP is cut short, so that the question comes again by TCP."""
    made = zone_server.Universe()
    if tcp:
        made.faults.append({"name": "*", "action": "truncate", "seen": 0})
    for name, records in scenario["zonedata"].items():
        pairs = [next(iter(record.items())) if isinstance(record, dict) else (record, "") for record in records]
        texts = any(kind == "TXT" for kind, _ in pairs)
        for kind, value in pairs:
            if "TIMEOUT" in (kind, value):
                given = {each for each, shown in pairs if shown not in ("", "NONE", "TIMEOUT")}
                asked = set(TYPES) - given if kind == "TIMEOUT" else {"TXT" if kind == "SPF" else kind}
                made.faults[:0] = [{"name": name.lower(), "type": one, "action": "drop", "seen": 0} for one in asked]
            elif value != "NONE" and not (kind == "SPF" and texts):
                add(made, name, kind, value)
    return made


def add(made, name, kind, value):
    """A record of type 99 stands for its TXT twin, which is the one that counts (RFC 7208 section 3.1)."""
    rdtype = dns.rdatatype.TXT if kind == "SPF" else dns.rdatatype.from_text(kind)
    if rdtype == dns.rdatatype.TXT:
        strings = value if isinstance(value, list) else [value]
        octets = [text.encode("latin-1") for text in strings] or [b""]
        pieces = [text[at : at + 255] for text in octets for at in range(0, max(1, len(text)), 255)]
        wire = b"".join(bytes([len(piece)]) + piece for piece in pieces)
        rdata = dns.rdata.from_wire(dns.rdataclass.IN, rdtype, wire, 0, len(wire))
    else:
        words = value if isinstance(value, list) else [value]
        shown = " ".join(f"{word}." if isinstance(word, str) and kind in ("MX", "PTR", "CNAME") else str(word)
                         for word in words)  # fmt: skip
        rdata = dns.rdata.from_text(dns.rdataclass.IN, rdtype, shown.replace("..", "."))
    made.add(zone_server.key(dns.name.from_text(name)), rdtype, rdata)
