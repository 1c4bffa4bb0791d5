"""Hostile inputs for every parser: ``head + unit * n + tail``, and the time that a parser takes for n and 4 n.

A parser whose time grows faster than the length of its input lets a stranger keep a worker busy. The units are made from
the rules themselves, so that a new key, vendor or word is tested without a change here.
"""

import contextlib
import itertools
import string
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import NamedTuple

from launchready.redaction.text.rules import phrases
from launchready.redaction.text.rules.fields import FIELDS, GLUED
from launchready.vendors.formats import RARE, VENDORS

SMALL, LARGE = 4_000, 16_000
GROUP = 6
GROWTH = 5
"""Four times the input may take at most five times as long."""
FLOOR = 0.002
"""CPU seconds for the large input below which growth is not measured: noise is of that size."""

SEPARATORS = (
    "=",
    ":",
    ": ",
    "%3D",
    '="',
    "='",
    '\\":\\"',
    '":"',
    "','",
    "%253D",
    "\\u003d",
    "&equals;",
    " ",
    ">",
    ")",
    "/",
)
PUNCTUATION = (
    *string.punctuation,
    " ", "\n", "\t", "\r\n", "\\n", '\\"', "\\\\", "%22", "%2522", "%40", "\\u0022", "\\x22", "&quot;", "&#64;", "\x1b[3m", "\x1c", "\0", "é", "İ", "├",
    "1", "12 ", "a", "A", "aB1", "a.", "a-", "a_", "a,", "a;", "a=", "a:", "a/", "a@", "@a.", "a=b;", "a=b&", "a b ", "A b ", "Ab ", "Ab Cd ", "0x", "=?",
    "//", "://", "/a/", "...", "--a ", "<a>", "</a>", "<a b='", "(a", "[a]", "{a}", "${a}", '{"a":', "[", "{[", '["', "{'", "(((", "a(", "\\u00a0",
)  # fmt: skip
PROTOCOLS = (
    "include:a ", "include:a.example ", "ip4:1.2.3.4/5 ", "a:b/1//2 ", "exists:%{i}.a ", "%{ir}.%{d2} ", "%{", "redirect=a ", "exp=a ", "v=spf1 ", "?all ",
    "v=DMARC1;", "p=none;", "rua=mailto:a@b!1m,", "v=DKIM1;", "k=rsa;p=AAAA", "v=STSv1;id=1;", "mx: *.a\n", "mode: enforce\r\n", "v=TLSRPTv1;rua=https://a,",
    "max-age=1,", 'private="a,', "no-cache, ", 'W/"a", ', "a=1;b, ", "a=(b c);d, ", "a=?1, ", ":YQ==:, ", "1.5, ", '"a\\"', "a;b=c;", "q=0.5,", "en-US;q=0.1,",
    "max-age=1;", "includeSubDomains;", "Secure; HttpOnly; ", "Path=/; ", "for=1.2.3.4;", 'for="[::1]", ', "Sun, 06 Nov ", "bytes=0-1,", '0 issue "a" ',
    "t=1,v1=ab,", "<script src=", "<link href='", "url(", "@import ", "multipart/form-data; boundary=", "../", "%2e%2e/", "{a}/", "*/",
)  # fmt: skip
SENTENCES = (
    "password for the ", "client Ab Cd ", "csrf expected a1a1a1a1a1a1a1a1a1a1a1a1 ", "1 Ab Street ", "1 Ab Ab Ab ", "a,password\n1,2\n", "x\n└ 'x'\n", "SET otp:1 2 ",
    "[password] -> 'x", "[email]", "[email]:", "name: a\n  value: b\n", "ENV A b ", '{"a": {"S": "x"}} ', "postgres//a:b", "postgres://a:b@", "Failing row contains (1, ",
    "'Ab Cd', '[email]', ", "a\n 'b'\n", "login('a', 'b", "[card ****1111] 12/27 ", "COPY a (b, c)\n1\t2\n", "token=***", "backup codes: aaaa-1111, ",
    "password\n  input_value='", "'loc': ('body', 'a'), 'input': ", "mysql -u a -p", "redis-cli -a ", "dXNlcj1qb2VAeA ", "cGFzc3dvcmQ9aHVudGVyMng5 ", '"session":{"id":',
    "INSERT INTO a (b) VALUES ('", "$1 = '", "password = %s ", "args=('", "device 90e0", "code is 1", "use 4829 to ", "call 030 1", "+49 170 ", "4111 1111 ", "DE89 3704 ",
    "-----BEGIN PRIVATE " + "KEY-----", "-----END PRIVATE " + "KEY-----", "BEGIN:VCARD\nFN:a\n", "echo 'a' | sudo -S ", "machine a login b password c ", "a:5432:b:c:",
    "https://a.example/reset/", "http://a:b", "Cookie: a=b; ", "Set-Cookie: a=b; Path=/; ", "Authorization: Digest a=", "Bearer abcdefgh ", "Basic YTpiCg ",
    'name="a"\r\n\r\n', "<key>a</key><string>", "\\xa8password\\xa9", '"%s" + "', "' + '", 'password = ("', "define('a', '", "| a | b |\n|---|---|\n", "a: |\n  ",
    "('password','", '("password","x"x', "['password', '", "password=[", "password=(", "signature=t=1,v1=", "fields=['a', ",
)  # fmt: skip
HEADS = (
    'password="', "token='", "otp=", "code: ", "authorization: ", "Cookie: ", "name=", "address: ", "https://", "postgres://a:", "Bearer ", "password for ", "[email] ",
    "-----BEGIN PRIVATE " + "KEY-----\n", "INSERT INTO a (", '{"password": ["', "v=spf1 ", "v=DMARC1; rua=", "v=DKIM1; p=", "version: STSv1\nmx: ", "max-age=", 'a="',
)  # fmt: skip


SYNTAX = (
    "=",
    ":",
    ";",
    ",",
    '"',
    "'",
    "\\\\",
    '\\"',
    "%22",
    "%40",
    "\\u0022",
    "&quot;",
    "(",
    "[",
    "{",
    "[a]",
    '{"a":',
    '["',
    "a",
    "aB1",
    "1",
    "12 ",
    "a ",
    "Ab ",
    "a.",
    "a-",
    "a@",
    "@a.",
    "a=",
    "a=b;",
    "a/",
    "\n",
)


class Hostile(NamedTuple):
    """One family of inputs, by the part that is repeated."""

    unit: str
    head: str = ""
    tail: str = ""

    def text(self, size: int) -> str:
        """The input of this family with about ``size`` characters."""
        return self.head + self.unit * max(1, size // len(self.unit)) + self.tail


@cache
def units() -> tuple[str, ...]:
    """Every unit once: keys with separators, vendor prefixes, words, and the syntax of all formats."""
    return tuple(dict.fromkeys((*_keys(), *_prefixes(), *_words(), *PUNCTUATION, *PROTOCOLS, *SENTENCES)))


@cache
def families() -> tuple[Hostile, ...]:
    """The quick form. Units of one kind are repeated in groups: one slow unit still slows its group down."""
    grouped = (*_groups(_keys()), *_groups(_prefixes()), *_groups(_words()))
    return (*map(Hostile, (*grouped, *PUNCTUATION, *PROTOCOLS, *SENTENCES)), *_continued(HEADS[::2], SYNTAX))


@cache
def all_families() -> tuple[Hostile, ...]:
    """The long form: every unit alone, and every unit of syntax after the beginning of every value."""
    return (*map(Hostile, units()), *_continued(HEADS, (*PUNCTUATION, *PROTOCOLS[:8])))


def _continued(heads: Iterable[str], syntax: Iterable[str]) -> list[Hostile]:
    return [Hostile(unit, head) for head, unit in itertools.product(heads, syntax)]


def _groups(made: list[str]) -> list[str]:
    return ["".join(made[start : start + GROUP]) for start in range(0, len(made), GROUP)]


def _keys() -> list[str]:
    """Every key of the rule set twice: as ``key=``, and with another separator."""
    keys = {phrase.strip() for row in FIELDS for phrase in row.phrases.split(",")} | {stem for stem, _, _ in GLUED}
    separators = itertools.cycle(SEPARATORS[1:])
    plain = sorted(key.replace(" ", "_") for key in keys if key)
    return [*(f"{key}=" for key in plain), *(key + next(separators) for key in plain)]


def _prefixes() -> list[str]:
    return [gate for row in (*VENDORS, *RARE) for gate in row.gates if gate]


def _words() -> list[str]:
    return [f"{word} " for name in dir(phrases) if name.isupper() for word in _strings(getattr(phrases, name)) if word]


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | frozenset):
        for one in sorted(value, key=repr):
            yield from _strings(one)


def seconds(parse: Callable[[str], object], text: str) -> float:
    """CPU time of one call. What the parser refuses has been parsed."""
    started = time.thread_time()
    with contextlib.suppress(ValueError, RecursionError):
        parse(text)
    return time.thread_time() - started


def growth(parse: Callable[[str], object], family: Hostile, small: int = SMALL, large: int = LARGE) -> float | None:
    """How much longer the large input takes, or None if that is at most ``GROWTH`` or too short to measure.

    A suspect is measured again, and the smallest times count: other processes can only add to them.
    """
    short, long = family.text(small), family.text(large)
    best_short = best_long = float("inf")
    for _ in range(5):
        best_long = min(best_long, seconds(parse, long))
        if best_long < FLOOR:
            return None
        best_short = min(best_short, seconds(parse, short))
        if best_long <= GROWTH * best_short:
            return None
    return best_long / best_short


def offenders(parse: Callable[[str], object], inputs: tuple[Hostile, ...] | None = None) -> dict[str, float]:
    """Every family whose time grows too fast, with its growth."""
    found = ((family, growth(parse, family)) for family in inputs or families())
    return {repr(family.head + "|" + family.unit): round(grown, 1) for family, grown in found if grown is not None}
