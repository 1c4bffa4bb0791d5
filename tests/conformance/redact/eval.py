#!/usr/bin/env python3
# ruff: noqa: E731, EXE001, N806, PTH100, PTH118, PTH120, PTH123, SIM105, SIM115, SIM905, W291  (kept as it was published, so that scores compare)
# fmt: off
"""Scores a redactor on the practice corpus beside this file.

    python3 eval.py --plug my_adapter.py [--name X] [--json out.json] [--redos] [--misses 3]

The adapter file defines   redact(text_or_record) -> str | dict     (text lines are str, events are dict)
and may define             TEXT_ONLY = True     (events are then handed over as their JSON text)
                           FLOOR = callable     (replaces the built-in floor for the timing ratio)

Leak: a labelled span is still recoverable from the output (see leaked()).  Keeping a card's first 6 / last 4,
an email's domain, a phone's last 4 or a short key prefix is allowed.
Decoy damage: a labelled harmless span is no longer there verbatim.  Altered clean: a line or event with nothing to hide comes back changed.
"""
import argparse
import base64
import collections
import glob
import importlib.util
import json
import math
import os
import re
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
# stored packed (XOR 0x5A, base64), so that secret scanners see nothing in the files
CLASSES = ("email phone card cvc iban name address dob password pw_hash otp link_token jwt bearer basic session csrf generic_key stripe aws github "
           "slack google oauth email_provider twilio ai_keys other_vendor private_key db_url signed_url push_token").split()


def unpack(s):
    return bytes(b ^ 0x5A for b in base64.b64decode(s)).decode("utf-8", "surrogatepass")

TIER_B = {"name", "address", "dob", "push_token", "csrf", "pw_hash"}   # worth having, reported apart
SEP = re.compile(r"(?<=\d)[ \-().]+(?=\d)")


def flat(o):
    """every leaf and key of an output, as one text"""
    if isinstance(o, str):
        return o
    if isinstance(o, bytes):
        return o.decode("utf-8", "replace")
    if isinstance(o, dict):
        return "\n".join(f"{k}: {flat(v)}" for k, v in o.items())
    if isinstance(o, (list, tuple, set)):
        return "\n".join(flat(v) for v in o)
    return str(o)


def has(hay, needle):
    if needle not in hay:
        return False
    if not (needle[:1].isdigit() or needle[-1:].isdigit()):
        return True
    return re.search(("(?<![0-9])" if needle[:1].isdigit() else "") + re.escape(needle) + ("(?![0-9])" if needle[-1:].isdigit() else ""), hay) is not None


def window(out, s, w):
    if len(s) <= w:
        return s in out
    return any(s[i:i + w] in out for i in range(len(s) - w + 1))


def leaked(cls, s, out):
    if s in out and len(s) > 6:
        return True
    if cls == "email":
        loc = re.split(r"@|%(?:25)?40|\\u0040|&#64;", s)[0]
        return re.search(r"(?<![A-Za-z0-9])" + re.escape(loc) + r"(?![A-Za-z0-9])", out) is not None
    if cls in ("card", "phone"):
        d = re.sub(r"\D", "", s.replace("%2B", ""))
        return window(SEP.sub("", out), d, 9 if cls == "card" else 8)
    if cls == "iban":
        return window(out.replace(" ", ""), s.replace(" ", ""), 10)
    if cls in ("otp", "cvc", "dob") and len(s) < 12:
        return has(out, s)
    if cls == "private_key":
        return any(window(out, ln, 20) for ln in re.split(r"\\+n|\n", s) if len(ln) > 20 and not ln.startswith("-----"))
    if cls in ("name", "address"):
        return s in out
    return window(out, s, max(6 if len(s) < 12 else 8, math.ceil(0.4 * len(s))))


def load(kinds=None):
    rows = []
    for f in sorted(glob.glob(os.path.join(HERE, "*.jsonl"))):
        for ln in open(f):
            r = json.loads(ln)
            t = unpack(r["t"])
            r["x"] = json.loads(t) if r["k"].endswith("event") else t
            r["raw"] = t
            r["S"] = [(CLASSES[c], unpack(v)) for c, v in r["s"]]
            r["D"] = [unpack(v) for v in r["d"]]
            if kinds is None or r["k"] in kinds:
                rows.append(r)
    return rows


REDOS = {
    "a*": lambda n: "a" * n, "=*": lambda n: "=" * n, "space*": lambda n: " " * n, "digit*": lambda n: "1" * n, "digit-sp": lambda n: "1 " * (n // 2),
    "quote*": lambda n: '"' * n, "bslash*": lambda n: "\\" * n, "brace*": lambda n: "{" * n, "a.*": lambda n: "a." * (n // 2), "a@*": lambda n: "a@" * (n // 2),
    "at*": lambda n: "@" * n, "a*@": lambda n: "a" * n + "@", "a-.@": lambda n: "a-" * (n // 2) + "@" + "a." * 20, "a@a.*": lambda n: "x@" + "a." * (n // 2),
    "password*": lambda n: "password" * (n // 8), "password=*": lambda n: "password=" * (n // 9), "password =sp": lambda n: "password" + " " * n + "=",
    'password="esc': lambda n: 'password="' + '\\"' * (n // 2), "_password": lambda n: "_" * n + "password", "k_k": lambda n: "a_" * (n // 2) + "=", 
    "bearer*": lambda n: "Bearer " * (n // 7), "eyJ*": lambda n: "eyJ" * (n // 3), "eyJ.": lambda n: "eyJ" + "a" * n, "eyJa.*": lambda n: "eyJa." * (n // 5),
    "pem*": lambda n: "-----BEGIN PRIVATE " + "KEY-----\n" + "A" * n, "pem**": lambda n: ("-----BEGIN RSA PRIVATE " + "KEY-----") * (n // 31),
    "url a": lambda n: "http://" + "a" * n, "://a:*": lambda n: "://a:" * (n // 5), "pg:*": lambda n: "postgres://" + ":" * n, "pg a:a": lambda n: "postgres://" + "a:" * (n // 2),
    "?token=*": lambda n: "?token=" * (n // 7), "&*": lambda n: "&" * n, "pct": lambda n: "%40" * (n // 3), "plus1": lambda n: "+1 " * (n // 3), "paren": lambda n: "(415) " * (n // 6),
    "card near": lambda n: "4111 1111 1111 111 " * (n // 19), "iban": lambda n: "DE89 3704 " * (n // 10), "sk_live*": lambda n: "sk_" "live_" * (n // 8), "ghp": lambda n: "ghp_" + "_" * n,
    "nonascii": lambda n: "\u00e9" * n, "json deep": lambda n: "[" * n, "json esc": lambda n: '{"a":"' + '\\\\\\"' * (n // 4), "hex": lambda n: "deadbeef" * (n // 8),
    "secret kv csv": lambda n: "secret," * (n // 7), "code is": lambda n: "code is " * (n // 8), "cookie": lambda n: "Cookie: " + "a=b; " * (n // 5), "nl": lambda n: "\n" * n,
}


def timed_fork(fn, arg, limit):
    """seconds for fn(arg) in a child, or None past the limit"""
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(r)
        t = time.perf_counter()
        try:
            fn(arg)
            s = repr(time.perf_counter() - t)
        except BaseException as e:
            s = "E" + type(e).__name__
        os.write(w, s.encode())
        os._exit(0)
    os.close(w)
    import select
    ok, _, _ = select.select([r], [], [], limit)
    s = os.read(r, 100).decode() if ok else ""
    os.close(r)
    if not s:
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return s or None


def redos(fn):
    worst, over, errs = [], [], []
    for name, make in REDOS.items():
        res = None
        for n in (20_000, 200_000, 1_000_000):
            s = timed_fork(fn, make(n), 3.0)
            if s is None:
                over.append(f"{name}@{n // 1000}k")
                break
            if s.startswith("E"):
                errs.append(f"{name}@{n // 1000}k:{s[1:]}")
                break
            res = (float(s), n)
        if res:
            worst.append((res[0] / res[1] * 1e6, name, res[1]))
        if len(over) >= 8:
            break
    worst.sort(reverse=True)
    return {"over_3s": over, "errors": errs, "worst_s_per_MB": [(round(a, 3), b, c) for a, b, c in worst[:4]]}


def floor_fn():
    never = re.compile("\x00\x01never")
    return never.search


def evaluate(fn, text_only, rows, misses=0):
    per = collections.defaultdict(lambda: [0, 0])
    kinds = collections.defaultdict(lambda: [0, 0, 0, 0])
    dam = [0, 0]
    altered = [0, 0]
    crash = collections.Counter()
    shown = collections.Counter()

    for r in rows:
        x = r["raw"] if (text_only and not isinstance(r["x"], str)) else (json.loads(r["raw"]) if not isinstance(r["x"], str) else r["x"])
        try:
            y = fn(x)
        except Exception as e:
            crash[type(e).__name__] += 1
            y = x
        if isinstance(y, str) and not isinstance(r["x"], str):
            try:
                y = json.loads(y)
            except ValueError:
                pass
        out = flat(y)
        k = kinds[r["k"]]
        for c, v in r["S"]:
            bad = leaked(c, v, out)
            per[c][0] += bad
            per[c][1] += 1
            k[0] += bad
            k[1] += 1
            if bad and shown[c] < misses:
                shown[c] += 1
                print(f"  LEAK {c} {r['i']}: {out[:230]!r}")
        for v in r["D"]:
            bad = not has(out, v)
            dam[0] += bad
            dam[1] += 1
            k[2] += bad
            k[3] += 1
            if bad and shown["D"] < misses * 8:
                shown["D"] += 1
                print(f"  DAMAGE {v!r} {r['i']}: {out[:230]!r}")
        if not r["S"]:
            altered[1] += 1
            altered[0] += out != flat(r["x"])
    return per, kinds, dam, altered, crash


def timing(fn, text_only, rows, floor):
    clean = [r["x"] for r in rows if r["k"] == "clean"]
    dirty = [r["x"] for r in rows if r["k"] in ("access", "kv", "jsonl", "sql", "http", "hard")]
    ev = [r["raw"] if text_only else r["x"] for r in rows if r["k"] == "event"]

    def one(f, xs):
        t = time.perf_counter()
        for x in xs:
            try:
                f(x)
            except Exception:
                pass
        return (time.perf_counter() - t) / len(xs) * 1e6
    # a slow candidate is timed on fewer lines
    probe = one(fn, clean[:40])
    if probe > 2000:
        clean, dirty, ev = clean[::12], dirty[::16], ev[::8]
    a, b, c, f = [], [], [], []
    for _ in range(5 if probe < 500 else 2):
        f.append(one(floor, clean))
        a.append(one(fn, clean))
        b.append(one(fn, dirty))
        c.append(one(fn, json.loads(json.dumps(ev))))
    m = min
    return {"floor_us": m(f), "clean_us": m(a), "dirty_us": m(b), "event_us": m(c), "clean_x_floor": m(a) / m(f)}


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--plug", required=True)
    ap.add_argument("--func", default="redact")
    ap.add_argument("--name")
    ap.add_argument("--json")
    ap.add_argument("--redos", action="store_true")
    ap.add_argument("--misses", type=int, default=0)
    ap.add_argument("--no-time", action="store_true")
    ap.add_argument("--every", type=int, default=1, help="score every Nth row (for slow peers)")
    a = ap.parse_args()
    spec = importlib.util.spec_from_file_location("plug", a.plug)
    mod = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(mod)
    fn = getattr(mod, a.func)
    text_only = getattr(mod, "TEXT_ONLY", False)
    if isinstance(text_only, dict):
        text_only = text_only.get(a.func, False)
    rows = load()
    per, kinds, dam, altered, crash = evaluate(fn, text_only, rows[::a.every], a.misses)
    A = [v for c, v in per.items() if c not in TIER_B]
    B = [v for c, v in per.items() if c in TIER_B]
    rate = lambda vs: sum(v[0] for v in vs) / max(1, sum(v[1] for v in vs))
    res = {"name": a.name or a.func, "leak_A": rate(A), "leak_B": rate(B), "recall_A": 1 - rate(A), "decoy_damage": dam[0] / dam[1],
           "altered_clean": altered[0] / max(1, altered[1]), "crashes": dict(crash),
           "classes": {c: round(1 - v[0] / v[1], 3) for c, v in sorted(per.items())},
           "kinds": {k: {"recall": round(1 - v[0] / v[1], 3) if v[1] else None, "damage": round(v[2] / v[3], 4) if v[3] else None} for k, v in kinds.items()}}
    if not a.no_time:
        res["time"] = timing(fn, text_only, rows, getattr(mod, "FLOOR", floor_fn()))
    if a.redos:
        res["redos"] = redos(fn)
    t = res.get("time", {})
    print(f"{res['name']:24s} recall_A={res['recall_A']:.3f} recall_B={1 - res['leak_B']:.3f} damage={res['decoy_damage']:.4f} altered_clean={res['altered_clean']:.3f} "
          f"clean={t.get('clean_us', 0):.1f}us (x{t.get('clean_x_floor', 0):.0f} floor) dirty={t.get('dirty_us', 0):.1f}us event={t.get('event_us', 0):.1f}us crash={sum(crash.values())}")
    print("  classes " + " ".join(f"{c}={v:.2f}" for c, v in res["classes"].items()))
    print("  kinds   " + " ".join(f"{k}={v['recall']}/{v['damage']}" for k, v in res["kinds"].items()))
    if a.redos:
        print("  redos  ", json.dumps(res["redos"]))
    if a.json:
        with open(a.json, "w") as f:
            json.dump(res, f, indent=1)


if __name__ == "__main__":
    main()
