"""DNS over real sockets: lost packets, forged and broken answers, cut ones; and what is never taken for an answer."""

import asyncio
import struct
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from launchready.net.dns import Resolver


class Server(asyncio.DatagramProtocol):
    """Answers each datagram with whatever ``answers(number, request)`` gives: a list of octets, sent in order."""

    def __init__(self, answers):
        self.answers, self.number = answers, 0

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.number += 1
        for reply in self.answers(self.number, dns.message.from_wire(data)):
            self.transport.sendto(reply, addr)


def right(request, *, address="192.0.2.1", flags=0):
    reply = dns.message.make_response(request, recursion_available=True)
    reply.flags |= flags
    reply.answer.append(dns.rrset.from_text(request.question[0].name, 300, "IN", "A", address))
    return reply.to_wire()


async def asked(answers, *, tcp=None, attempts=(0.3, 0.3), name="coach.example", rdtype="A"):
    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(tcp or (lambda _, writer: writer.close()), "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    transport, made = await loop.create_datagram_endpoint(lambda: Server(answers), local_addr=address)
    try:
        answer = await Resolver((address,), attempts=attempts).query(name, rdtype)
    finally:
        transport.close()
        server.close()
    return answer, made.number


def ask(answers, **more):
    return asyncio.run(asked(answers, **more))


def other_id(request):
    wire = bytearray(right(request, address="203.0.113.66"))
    struct.pack_into("!H", wire, 0, request.id ^ 1)
    return bytes(wire)


def other_question(request):
    forged = dns.message.make_query("bank.example.", "A", id=request.id)
    return right(forged, address="203.0.113.66")


@pytest.mark.parametrize(
    "forged",
    [
        other_id,
        other_question,
        lambda request: request.to_wire(),
        lambda _: b"",
        lambda _: b"\0" * 12,
        lambda _: b"x" * 50,
    ],
    ids=["another id", "another question", "the question itself", "nothing", "zeros", "noise"],
)
def test_what_is_no_answer_is_passed_over(forged):
    """RFC 5452 section 9: it is not taken, and the right answer behind it is."""
    answer, _ = ask(lambda _, request: [forged(request), right(request)])
    assert (answer.status, answer.records) == ("answered", ("192.0.2.1",))


def test_a_lost_packet_costs_one_attempt():
    """The second attempt is answered."""
    answer, questions = ask(lambda number, request: [right(request)] if number == 2 else [])
    assert (answer.status, questions) == ("answered", 2)


def test_silence():
    """A name that never answers: the two attempts, and no longer; undetermined, never missing."""
    start = time.monotonic()
    answer, questions = ask(lambda *_: [])
    assert (answer.status, answer.known, questions) == ("timeout", False, 2)
    assert time.monotonic() - start < 5


def test_the_attempts_of_the_contract():
    """1.0 s, then 1.5 s: a name that never answers costs 2.5 s."""
    assert Resolver().attempts == (1.0, 1.5)


async def over_tcp(reader, writer):
    size = int.from_bytes(await reader.readexactly(2), "big")
    wire = right(dns.message.from_wire(await reader.readexactly(size)))
    writer.write(len(wire).to_bytes(2, "big") + wire)
    await writer.drain()
    writer.close()


def cut(_number, request):
    return [right(request, flags=dns.flags.TC)]


def test_a_cut_answer_is_asked_for_again_over_tcp():
    """RFC 7766: what came over UDP is not used."""
    answer, _ = ask(cut, tcp=over_tcp)
    assert answer.status == "answered"


def test_a_cut_answer_without_tcp_is_not_known():
    """TCP is closed: nothing can be concluded from half an answer."""
    answer, _ = ask(cut)
    assert (answer.known, answer.records) == (False, ())


@pytest.mark.parametrize(
    ("rcode", "status", "known"),
    [("NXDOMAIN", "nxdomain", True), ("NOERROR", "empty", True), ("SERVFAIL", "servfail", False),
     ("REFUSED", "refused", False), ("FORMERR", "broken", False), ("NOTIMP", "broken", False)],
)  # fmt: skip
def test_rcodes(rcode, status, known):
    """SERVFAIL and REFUSED are answers that prove nothing about the record."""

    def answers(_number, request):
        reply = dns.message.make_response(request)
        reply.set_rcode(dns.rcode.from_text(rcode))
        return [reply.to_wire()]

    answer, _ = ask(answers)
    assert (answer.status, answer.known) == (status, known)


def test_aliases_are_followed_within_the_answer():
    """The chain, the longest TTL, and a circle of aliases that ends."""

    def circle(_number, request):
        reply = dns.message.make_response(request)
        name = request.question[0].name
        reply.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", "b.example."))
        reply.answer.append(dns.rrset.from_text("b.example.", 30, "IN", "CNAME", str(name)))
        return [reply.to_wire()]

    answer, _ = ask(circle)
    assert answer.status == "empty"
    assert answer.chain[:2] == ("b.example", "coach.example")
    assert answer.ttl == 60


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "a..example", "\u00fc.example", ".".join(["a" * 60] * 5)])
def test_names_that_cannot_be_asked_for(name):
    """Not asked, and no exception."""
    answer, questions = ask(lambda _, request: [right(request)], name=name)
    assert (answer.status, questions) == ("broken", 0)


def test_nobody_listens():
    """The port is closed: said at once, and not a missing record."""
    answer = asyncio.run(Resolver((("127.0.0.1", 9),), attempts=(0.3, 0.3)).query("coach.example", "A"))
    assert not answer.known
