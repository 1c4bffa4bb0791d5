#!/usr/bin/env python3
"""Loopback DNS server for the zones beside it: UDP + TCP, fault injection, query log.

Acts like a recursive resolver over fixed data (follows CNAMEs, RA set) and, on extra
loopback addresses, like authoritative servers (AA set, no CNAME chase), incl. lame ones.

    with ZoneServer(load_universe()) as s:          # s.host, s.port
        ... point the checker's resolver at (s.host, s.port) ...
        s.queries                                   # list of (t, proto, server_ip, qname, qtype)
    python zone_server.py --port 5353 [--latency-ms 30] [--only z07]    # foreground
    python zone_server.py --list

Needs dnspython and PyYAML only. Zone file format: README.md beside this file.
"""
from __future__ import annotations
import argparse, asyncio, fnmatch, glob, os, socket, struct, threading, time
import dns.exception, dns.flags, dns.message, dns.name, dns.rcode, dns.rdata, dns.rdataclass, dns.rdatatype, dns.rrset
import yaml

IN = dns.rdataclass.IN
HERE = os.path.dirname(os.path.abspath(__file__))


def key(name: dns.name.Name) -> tuple:
    return tuple(l.lower() for l in name.labels if l)


def text_key(text: str) -> tuple:
    return tuple(p.encode("utf-8").lower() for p in str(text).rstrip(".").split(".") if p)


class Universe:
    """name -> {rdtype: [rdata]}; zone cuts (SOA owners); faults; authoritative server map."""

    def __init__(self):
        self.data, self.ttl, self.faults, self.auth = {}, {}, [], {}
        self.secure, self.bogus = set(), set()

    def add(self, name_key, rdtype, rdata, ttl=300):
        self.data.setdefault(name_key, {}).setdefault(rdtype, []).append(rdata)
        self.ttl[(name_key, rdtype)] = ttl

    def add_lines(self, block, origin=None):
        origin = dns.name.from_text(origin) if origin else dns.name.root
        last, ttl = None, 300
        for raw in block.splitlines():
            if not raw.strip() or raw.lstrip().startswith(";"):
                continue
            parts = raw.split()
            if parts[0] == "$ORIGIN":
                origin = dns.name.from_text(parts[1]); continue
            if parts[0] == "$TTL":
                ttl = int(parts[1]); continue
            if raw[0].isspace():
                name, rest = last, parts
            else:
                name = origin if parts[0] == "@" else dns.name.from_text(parts[0], origin)
                rest = parts[1:]
            rttl = ttl
            if rest[0].isdigit():
                rttl, rest = int(rest[0]), rest[1:]
            if rest[0].upper() == "IN":
                rest = rest[1:]
            rdtype = dns.rdatatype.from_text(rest[0])
            # rdata text: everything after the type token, spacing kept (quoted strings)
            at = raw.index(rest[0], len(raw) - len(raw.lstrip()) + (len(parts[0]) if not raw[0].isspace() else 0))
            rtext = raw[at + len(rest[0]):].strip()
            self.add(key(name), rdtype, dns.rdata.from_text(IN, rdtype, rtext, origin=origin, relativize=False), rttl)
            last = name

    def exists(self, k):
        return any(n[len(n) - len(k):] == k for n in self.data if len(n) >= len(k))

    def node(self, k):
        """Exact match, else closest wildcard (RFC 4592), else None."""
        if k in self.data:
            return self.data[k], k
        for i in range(1, len(k) + 1):
            enc = k[i:]
            if self.exists(enc):                # closest encloser
                w = (b"*",) + enc
                if not self.exists(k) and w in self.data:
                    return self.data[w], w
                return None, None
        return None, None

    def soa_for(self, k):
        for i in range(len(k) + 1):
            if dns.rdatatype.SOA in self.data.get(k[i:], {}):
                return k[i:]
        return None


def load_zone(path):
    with open(path, encoding="utf-8") as f:
        return yaml.safe_load(f)


def zone_paths():
    return sorted(glob.glob(os.path.join(HERE, "z*.yml")))


def load_universe(only=None):
    u = Universe()
    files = [os.path.join(HERE, "_internet.yml")] + [
        p for p in zone_paths() if not only or any(os.path.basename(p).startswith(o) for o in only)]
    for p in files:
        z = load_zone(p)
        u.add_lines(z.get("records") or "", z.get("domain_ascii") or z.get("domain"))
        for f in z.get("faults") or []:
            u.faults.append(dict(f, seen=0))
        for ip, spec in (z.get("authoritative") or {}).items():
            u.auth.setdefault(ip, []).append(spec)
        for d in z.get("secure") or []:
            u.secure.add(text_key(d))
        for d in z.get("bogus") or []:
            u.bogus.add(text_key(d))
    return u


class ZoneServer:
    def __init__(self, universe, host="127.0.0.1", port=0, latency_ms=0):
        self.u, self.host, self.port, self.latency = universe, host, port, latency_ms / 1000
        self.queries, self.inflight, self.max_inflight = [], 0, 0
        self._ready, self._loop, self._thread, self.error = threading.Event(), None, None, None

    # ---- answering -------------------------------------------------------------------
    def _fault(self, qkey, qtype, ip, proto):
        qn = b".".join(qkey).decode("latin-1")
        for f in self.u.faults:
            if not fnmatch.fnmatch(qn, f["name"].lower()) or f.get("type", "ANY") not in ("ANY", qtype):
                continue
            if "server" in f and f["server"] != ip:
                continue
            f["seen"] += 1
            if "first" in f and f["seen"] > f["first"]:
                continue
            return f
        return None

    def answer(self, wire, ip, proto):
        """-> (reply bytes | None for drop, delay seconds)"""
        try:
            q = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return None, 0
        if not q.question:
            return None, 0
        qq = q.question[0]
        qkey, qtype = key(qq.name), dns.rdatatype.to_text(qq.rdtype)
        self.queries.append((time.monotonic(), proto, ip, qq.name.to_text(omit_final_dot=True), qtype))
        delay, f = self.latency, self._fault(qkey, qtype, ip, proto)
        act = f["action"] if f else None
        if act == "delay":
            delay, act = f["ms"] / 1000, None
        if act == "drop" and f.get("proto", proto) == proto:
            return None, 0
        r = dns.message.make_response(q, recursion_available=True)
        if act in ("servfail", "refused", "formerr", "notimp", "nxdomain"):
            r.set_rcode(dns.rcode.from_text(act.upper()))
            return r.to_wire(), delay
        auth = self.u.auth.get(ip)
        if auth is not None:
            spec = next((s for s in auth for z in s["zones"] if qkey[len(qkey) - len(text_key(z)):] == text_key(z)), None)
            if spec is None or spec.get("mode") == "refused":
                r.set_rcode(dns.rcode.REFUSED); r.flags &= ~dns.flags.RA
                return r.to_wire(), delay
            if spec.get("mode") == "drop":
                return None, 0
            r.flags |= dns.flags.AA; r.flags &= ~dns.flags.RA
        want_ad = bool(q.flags & dns.flags.AD) or bool(q.ednsflags & dns.flags.DO)
        if any(qkey[len(qkey) - len(b):] == b for b in self.u.bogus) and not q.flags & dns.flags.CD and auth is None:
            r.set_rcode(dns.rcode.SERVFAIL)
            return r.to_wire(), delay
        owner, cur, secure = qq.name, qkey, True
        for _ in range(17):
            node, _src = self.u.node(cur)
            secure = secure and any(cur[len(cur) - len(s):] == s for s in self.u.secure)
            if node is None:
                if not self.u.exists(cur):
                    r.set_rcode(dns.rcode.NXDOMAIN)
                break
            if qq.rdtype in node and not (dns.rdatatype.CNAME in node and qq.rdtype == dns.rdatatype.CNAME):
                self._add(r.answer, owner, qq.rdtype, node, _src); break
            if dns.rdatatype.CNAME in node:
                self._add(r.answer, owner, dns.rdatatype.CNAME, node, _src)
                if qq.rdtype == dns.rdatatype.CNAME or auth is not None:
                    break
                owner = node[dns.rdatatype.CNAME][0].target
                cur = key(owner)
                continue
            break
        if not any(rr.rdtype == qq.rdtype for rr in r.answer):
            soa = self.u.soa_for(cur)
            if soa is not None:
                n = dns.name.Name(list(soa) + [b""])
                self._add(r.authority, n, dns.rdatatype.SOA, self.u.data[soa], soa)
        if secure and want_ad and auth is None:
            r.flags |= dns.flags.AD
        if proto == "udp":
            limit = max(512, q.payload if q.edns >= 0 else 512)
            out = r.to_wire(max_size=65535)
            if act in ("truncate", "truncate_notcp") or len(out) > min(limit, 1232):
                t = dns.message.make_response(q, recursion_available=True)
                t.flags |= dns.flags.TC
                return t.to_wire(), delay
            return out, delay
        if act == "truncate_notcp":
            return None, 0
        return r.to_wire(max_size=65535), delay

    def _add(self, section, owner, rdtype, node, src):
        rrs = dns.rrset.RRset(owner, IN, rdtype)
        rrs.ttl = self.u.ttl.get((src, rdtype), 300)
        for rd in node[rdtype]:
            rrs.add(rd)
        section.append(rrs)

    # ---- sockets ---------------------------------------------------------------------
    async def _udp(self, sock, ip):
        loop = asyncio.get_running_loop()

        async def one(data, addr):
            self.inflight += 1; self.max_inflight = max(self.max_inflight, self.inflight)
            try:
                out, delay = self.answer(data, ip, "udp")
                if out is not None:
                    if delay:
                        await asyncio.sleep(delay)
                    await loop.sock_sendto(sock, out, addr)
            finally:
                self.inflight -= 1
        while True:
            data, addr = await loop.sock_recvfrom(sock, 65535)
            t = loop.create_task(one(data, addr)); self._tasks.add(t); t.add_done_callback(self._tasks.discard)

    async def _tcp(self, reader, writer, ip):
        try:
            while True:
                n = struct.unpack("!H", await reader.readexactly(2))[0]
                out, delay = self.answer(await reader.readexactly(n), ip, "tcp")
                if out is None:
                    break
                if delay:
                    await asyncio.sleep(delay)
                writer.write(struct.pack("!H", len(out)) + out); await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _main(self):
        self._tasks, self._stop = set(), asyncio.Event()
        ips = [self.host] + [ip for ip in self.u.auth if ip != self.host]
        servers, socks = [], []
        for attempt in range(20):               # one port free for TCP and UDP on every address
            port = self.port
            try:
                for ip in ips:
                    srv = await asyncio.start_server(lambda r, w, ip=ip: self._tcp(r, w, ip), ip, port)
                    servers.append(srv)
                    port = port or srv.sockets[0].getsockname()[1]
                    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setblocking(False)
                    socks.append(s); s.bind((ip, port))
                break
            except OSError:
                for x in servers + socks:
                    x.close()
                servers, socks = [], []
                if self.port or attempt == 19:
                    raise
        self.port = port
        for ip, s in zip(ips, socks):
            self._tasks.add(asyncio.ensure_future(self._udp(s, ip)))
        self._ready.set()
        await self._stop.wait()
        for t in list(self._tasks):
            t.cancel()
        for s in servers:
            s.close()
        for s in socks:
            s.close()

    def _run(self):
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._main())
        except OSError as e:
            self.error = e
        finally:
            self._ready.set()

    def __enter__(self):
        self._thread = threading.Thread(target=self._run, daemon=True); self._thread.start()
        self._ready.wait(5)
        if self.error:
            raise self.error
        return self

    def __exit__(self, *exc):
        self._loop.call_soon_threadsafe(self._stop.set); self._thread.join(5)
        self._loop.run_until_complete(asyncio.sleep(0)); self._loop.close()  # the transports close, then the loop


def mock_http(zone):
    """httpx handler for the zone's `http:` fixtures: {url: {status, headers, body} | {error: kind}}.
    Unlisted URL -> connect error. Use: httpx.AsyncClient(transport=httpx.MockTransport(mock_http(z)))."""
    import httpx

    def handler(request):
        table = zone.get("http") or {}
        hit = table.get(str(request.url)) or table.get(str(request.url).rstrip("/"))
        if hit is None or "error" in hit:
            raise httpx.ConnectError((hit or {}).get("error", "no fixture for " + str(request.url)), request=request)
        return httpx.Response(hit.get("status", 200), headers=hit.get("headers") or {}, text=hit.get("body") or "", request=request)
    return handler


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--port", type=int, default=5353); ap.add_argument("--latency-ms", type=float, default=0)
    ap.add_argument("--only", nargs="*"); ap.add_argument("--list", action="store_true")
    a = ap.parse_args()
    if a.list:
        for p in zone_paths():
            z = load_zone(p); print(os.path.basename(p), z["domain"], "-", z["title"])
        raise SystemExit
    with ZoneServer(load_universe(a.only), port=a.port, latency_ms=a.latency_ms) as s:
        print(f"serving on {s.host}:{s.port} udp+tcp; ctrl-C stops", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            pass
