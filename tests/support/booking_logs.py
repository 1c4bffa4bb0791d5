"""Lines that a booking app really logs, made up by a seed, with what must be hidden and what must stay in each.

The templates stand in ``booking_logs.txt``; here is what fills them. Nothing is a real secret: all of it is drawn.
"""

import base64
import json
import random
import re
import string
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

TEMPLATES = Path(__file__).with_suffix(".txt")
_HOLE = re.compile(r"\[\[([a-z0-9_]+)(?::([a-z0-9_]+))?(?:\|([a-z0-9]+))?\]\]|<<([a-z0-9]+)>>")

B62 = string.ascii_letters + string.digits
B64U = B62 + "-_"
HEX = "0123456789abcdef"
FIRST = [
    "Amara",
    "Björn",
    "Chiara",
    "Dmitri",
    "Eszter",
    "Fatima",
    "Giles",
    "Hanne",
    "Ingrid",
    "Jamal",
    "Keiko",
    "Lorenzo",
    "Maeve",
    "Noor",
    "Oisín",
    "Priya",
    "Quentin",
    "Rosa",
    "Stefan",
    "Tomás",
    "Ulla",
    "Vikram",
    "Wren",
    "Yusuf",
    "Zoë",
]
LAST = [
    "Abernathy",
    "Brandt",
    "Castellanos",
    "Dubois",
    "Eriksen",
    "Fitzgerald",
    "Grünwald",
    "Hakimi",
    "Iyer",
    "Jankowski",
    "Kowalczyk",
    "Lindqvist",
    "Moreau",
    "Nakamura",
    "O'Sullivan",
    "Petrosyan",
    "Quigley",
    "Rasmussen",
    "Silva",
    "Thornbury",
    "Ueda",
    "Villanueva",
    "Whitcombe",
    "Yilmaz",
    "Zielinski",
]
ASCII_FIRST = [name.lower() for name in FIRST if name.isascii()]
ASCII_LAST = [name.lower().replace("'", "") for name in LAST if name.isascii()]
DOMAINS = [
    "gmail.com",
    "outlook.de",
    "posteo.example",
    "yoga-loft.co.uk",
    "mail.studio-nord.example",
    "proton.me",
    "web.de",
    "icloud.com",
    "northwind.io",
    "example-coaching.fr",
    "kunde.firma.example",
]
WORDS = [
    "copper",
    "lantern",
    "velvet",
    "harbor",
    "thistle",
    "marble",
    "falcon",
    "juniper",
    "pebble",
    "saffron",
    "walnut",
    "meadow",
]
STREETS = [
    "12 Harrow Lane",
    "Kastanienallee 84",
    "7 rue des Lilas",
    "221B Orchard Street",
    "Via Roma 15",
    "48 Upper Mill Road",
    "Flat 3, 9 Quay Street",
]


def pick(rng, alphabet, length):
    return "".join(rng.choice(alphabet) for _ in range(length))


def mixed(rng, alphabet, length):
    """Drawn from the alphabet, with a digit, a capital and a small letter in it."""
    while True:
        made = pick(rng, alphabet, length)
        if (
            any(map(str.isdigit, made))
            and any(map(str.isupper, made))
            and any(map(str.islower, made))
            and made[0] not in "-_"
            and made[-1] not in "-_"
        ):
            return made


def luhn(body):
    total = sum(sum(divmod(2 * int(d), 10)) if i % 2 == 0 else int(d) for i, d in enumerate(reversed(body)))
    return body + str(-total % 10)


def email(rng, _):
    first, last = rng.choice(ASCII_FIRST), rng.choice(ASCII_LAST)
    local = rng.choice(
        [
            f"{first}.{last}",
            f"{first[0]}{last}",
            f"{first}_{last}{rng.randrange(100)}",
            f"{last}+yoga",
            f"{first}-{last}",
            f"{first}{rng.randrange(1950, 2010)}",
        ]
    )
    return f"{local}@{rng.choice(DOMAINS)}"


def phone(rng, form):
    form = form or rng.choice(["e164", "intl", "e164"])
    country, rest = rng.choice(
        [("49", "15%d"), ("44", "77%d"), ("1", "415%d"), ("33", "6%d"), ("351", "91%d"), ("31", "6%d"), ("46", "70%d")]
    )
    digits = (
        rest % rng.randrange(10_000_000, 99_999_999)
        if country != "1"
        else "415" + str(rng.randrange(2_000_000, 9_999_999))
    )
    if form == "us":
        body = f"{rng.randrange(200, 999)}-{rng.randrange(1000, 9999)}"
        return rng.choice(
            [
                f"({rng.randrange(201, 989)}) {body}",
                f"{rng.randrange(201, 989)}-{body}",
                f"+1 {rng.randrange(201, 989)} {body.replace('-', ' ')}",
            ]
        )
    if form == "de":
        return rng.choice(
            [
                f"0{rng.choice(['170', '30', '89'])} {rng.randrange(1_000_000, 99_999_999)}",
                f"0171/{rng.randrange(1_000_000, 9_999_999)}",
                f"0{rng.randrange(151, 179)}-{rng.randrange(1_000_000, 9_999_999)}",
            ]
        )
    if form == "intl":
        return f"+{country} {digits[:3]} {digits[3:6]} {digits[6:]}"
    return f"+{country}{digits}"


def card(rng, _):
    prefix, length = rng.choice([("4", 16), ("51", 16), ("55", 16), ("2223", 16), ("37", 15), ("6011", 16), ("4", 16)])
    return luhn(prefix + pick(rng, string.digits, length - len(prefix) - 1))


def iban(rng, _):
    country, form = rng.choice(
        [("DE", "18d"), ("GB", "4a14d"), ("FR", "23d"), ("NL", "4a10d"), ("ES", "20d"), ("IT", "1a22d"), ("AT", "16d")]
    )
    body = "".join(
        pick(rng, string.ascii_uppercase if kind == "a" else string.digits, int(count))
        for count, kind in re.findall(r"(\d+)([ad])", form)
    )
    check = 98 - int("".join(str(int(char, 36)) for char in body + country + "00")) % 97
    return f"{country}{check:02d}{body}"


def password(rng, form):
    if form == "phrase":
        return " ".join(rng.sample(WORDS, 4))
    word = rng.choice(WORDS)
    if form == "strong":
        return f"{word.title()}{rng.choice('!#%')}{rng.randrange(100, 9999)}"
    return rng.choice([f"{word}{rng.randrange(10, 9999)}", f"{word.title()}!{rng.randrange(100)}", mixed(rng, B62, 12), f"{word}-{rng.choice(WORDS)}-{rng.randrange(99)}",
                       f"{mixed(rng, B62, 6)}#{mixed(rng, B62, 4)}$x", f"{word.upper()}_{rng.randrange(1000)}"])  # fmt: skip


def dob(rng, _):
    year, month, day = rng.randrange(1940, 2012), rng.randrange(1, 13), rng.randrange(1, 29)
    return rng.choice([f"{year}-{month:02d}-{day:02d}", f"{day:02d}/{month:02d}/{year}", f"{day}.{month}.{year}"])


def pw_hash(rng, _):
    return rng.choice([f"$2b$12${pick(rng, B62 + './', 53)}", f"pbkdf2_sha256$870000${pick(rng, B62, 22)}${base64.b64encode(rng.randbytes(32)).decode()}",
                       f"$argon2id$v=19$m=65536,t=3,p=4${pick(rng, B62, 22)}${pick(rng, B62, 43)}", f"scrypt:32768:8:1${pick(rng, B62, 16)}${pick(rng, HEX, 128)}"])  # fmt: skip


def jwt(rng, _):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")

    return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part({'sub': str(rng.randrange(99999)), 'exp': rng.randrange(10**9, 2 * 10**9), 'role': 'authenticated'})}.{mixed(rng, B64U, 43)}"


def link_token(rng, form):
    if form == "django":
        return f"c{pick(rng, string.ascii_lowercase + string.digits, 5)}-{pick(rng, HEX, 32)}"
    return rng.choice(
        [mixed(rng, B64U, 43), mixed(rng, B64U, 32), pick(rng, HEX, 40), mixed(rng, B62, 24), pick(rng, HEX, 64)]
    )


def session(rng, form):
    if form == "php":
        return pick(rng, string.ascii_lowercase + string.digits, 26)
    if form == "java":
        return pick(rng, HEX.upper(), 32)
    return rng.choice(
        [
            pick(rng, string.ascii_lowercase + string.digits, 32),
            mixed(rng, B64U, 43),
            pick(rng, HEX, 64),
            f".eJ{mixed(rng, B64U, 40)}.{mixed(rng, B64U, 6)}.{mixed(rng, B64U, 27)}",
        ]
    )


def generic_key(rng, form):
    if form == "hex":
        return pick(rng, HEX, rng.choice([32, 40, 64]))
    if form == "b64":
        return base64.b64encode(rng.randbytes(32)).decode()
    if form == "django":
        return "django-insecure-" + pick(rng, string.ascii_lowercase + string.digits + "@#$%^*(-_=+)", 50)
    return rng.choice(
        [
            mixed(rng, B62, 32),
            pick(rng, HEX, 40),
            mixed(rng, B64U, 40),
            f"acme_live_{mixed(rng, B62, 24)}",
            mixed(rng, B62, 20),
        ]
    )


def _b64(rng, _):
    return base64.b64encode(f"{rng.choice(ASCII_FIRST)}:{password(rng, None)}".encode()).decode()


SECRETS = {
    "email": email, "phone": phone, "card": card, "iban": iban, "password": password, "dob": dob, "pw_hash": pw_hash, "jwt": jwt,
    "link_token": link_token, "session": session, "generic_key": generic_key,
    "cvc": lambda r, _: str(r.randrange(100, 999)), "otp": lambda r, _: str(r.randrange(100_000, 999_999)),
    "name": lambda r, _: f"{r.choice(FIRST)} {r.choice(LAST)}", "firstname": lambda r, _: r.choice(FIRST), "surname": lambda r, _: r.choice(LAST),
    "address": lambda r, _: r.choice(STREETS), "bearer": lambda r, _: r.choice([mixed(r, B64U, 43), pick(r, HEX, 40), mixed(r, B62, 32)]),
    "basic": lambda r, form: password(r, "strong").replace("#", "!").replace("%", "!") if form else _b64(r, form),
    "csrf": lambda r, _: r.choice([mixed(r, B62, 64), mixed(r, B62, 32), pick(r, HEX, 64), mixed(r, B64U, 43)]),
    "oauth": lambda r, form: f"1//0{mixed(r, B64U, 60)}" if form == "google" else r.choice([mixed(r, B64U, 48), f"4/0A{mixed(r, B64U, 70)}", pick(r, HEX, 40)]),
    "backup": lambda r, _: f"{pick(r, HEX, 4)}-{pick(r, HEX, 4)}", "generic_otpsecret": lambda r, _: pick(r, string.ascii_uppercase + "234567", 32),
    "digest": lambda r, _: pick(r, HEX, 32), "uuidsecret": lambda r, _: uuid(r),
    "db_url": lambda r, _: r.choice([mixed(r, B62, 16), f"{r.choice(WORDS)}{r.randrange(1000)}", f"{mixed(r, B62, 8)}!{mixed(r, B62, 5)}", f"{mixed(r, B62, 6)}%24{mixed(r, B62, 6)}"]),
    "signed_url": lambda r, form: f"{r.randrange(10**6, 10**7)}/{mixed(r, B62, 7).lower()}" if form == "zapier" else r.choice([pick(r, HEX, 64), base64.b64encode(r.randbytes(32)).decode().replace("+", "x").replace("/", "y"), mixed(r, B64U, 86)]),
    "stripe": lambda r, form: {"whsec": f"whsec_{mixed(r, B62, 32)}", "pi": f"pi_3{mixed(r, B62, 23)}_secret_{mixed(r, B62, 25)}"}.get(form) or f"{r.choice(['sk_' + 'live', 'rk_' + 'live', 'sk_' + 'test'])}_{mixed(r, B62, r.choice([24, 99]))}",
    "aws": lambda r, form: {"secret": mixed(r, B62 + "/+", 40), "session": f"IQoJb3JpZ2luX2Vj{mixed(r, B62 + '/+', 200)}"}.get(form) or r.choice(["AKIA", "ASIA"]) + pick(r, string.ascii_uppercase + "234567", 16),
    "github": lambda r, _: r.choice([f"ghp_{mixed(r, B62, 36)}", f"ghs_{mixed(r, B62, 36)}", f"github_pat_{mixed(r, B62, 22)}_{mixed(r, B62, 59)}"]),
    "slack": lambda r, form: f"T{pick(r, HEX.upper(), 8)}/B{pick(r, HEX.upper(), 9)}/{mixed(r, B62, 24)}" if form == "hook" else f"xoxb-{r.randrange(10**11, 10**12)}-{r.randrange(10**12, 10**13)}-{mixed(r, B62, 24)}",
    "google": lambda r, form: {"ya29": f"ya29.a0{mixed(r, B64U, 160)}", "gocspx": f"GOCSPX-{mixed(r, B64U, 28)}"}.get(form) or f"AIza{mixed(r, B64U, 35)}",
    "email_provider": lambda r, form: {
        "sendgrid": f"SG.{mixed(r, B64U, 22)}.{mixed(r, B64U, 43)}", "mailgun": r.choice([f"key-{pick(r, HEX, 32)}", f"{pick(r, HEX, 32)}-{pick(r, HEX, 8)}-{pick(r, HEX, 8)}"]),
        "resend": f"re_{mixed(r, B62, 8)}_{mixed(r, B62, 24)}", "brevo": f"xkeysib-{pick(r, HEX, 64)}-{mixed(r, B62, 16)}", "mailchimp": f"{pick(r, HEX, 32)}-us{r.randrange(1, 21)}"}[form],
    "twilio": lambda r, form: pick(r, HEX, 32) if form == "hex" else f"SK{pick(r, HEX, 32)}",
    "ai_keys": lambda r, form: f"sk-ant-api03-{mixed(r, B64U, 93)}AA" if form == "anthropic" else r.choice([f"sk-proj-{mixed(r, B64U, 120)}", f"sk-{mixed(r, B62, 48)}", f"sk-svcacct-{mixed(r, B64U, 90)}"]),
    "other_vendor": lambda r, form: {
        "telegram": f"{r.randrange(10**9, 10**10)}:AA{mixed(r, B64U, 33)}", "discordhook": f"{r.randrange(10**17, 10**18)}/{mixed(r, B64U, 68)}",
        "discordbot": f"M{pick(r, B62, 23)}.G{mixed(r, B62, 5)}.{mixed(r, B64U, 38)}", "supabase": f"sb_secret_{mixed(r, B62, 22)}_{mixed(r, B62, 8)}", "cf": mixed(r, B64U, 40),
        "cfut": f"cfut_{mixed(r, B62, 40)}", "npm": f"npm_{mixed(r, B62, 36)}", "do": f"dop_v1_{pick(r, HEX, 64)}", "shopify": f"shpat_{pick(r, HEX, 32)}", "square": f"EAAA{mixed(r, B64U, 60)}",
        "gitlab": f"glpat-{mixed(r, B64U, 20)}", "vault": f"hvs.{mixed(r, B64U, 90)}"}[form],
    "push_token": lambda r, form: {"expo": mixed(r, B62, 22), "expoq": f"ExponentPushToken[{mixed(r, B62, 22)}]", "apns": pick(r, HEX, 64), "web": mixed(r, B64U, 80)}.get(form) or f"{mixed(r, B64U, 22)}:APA91b{mixed(r, B64U, 134)}",
    "private_key": lambda r, _: "\n".join(textwrap64(base64.b64encode(r.randbytes(320)).decode())),
}  # fmt: skip
#: What stands in a line for its looks, and is asked of nobody.
OPEN = {
    "firstname_ctx": lambda r: r.choice(FIRST),
    "name_sql": lambda r: r.choice(ASCII_FIRST),
    "surname_sql": lambda r: r.choice(ASCII_LAST),
    "phone_rest": lambda r: "170",
}
KIND = {
    "firstname": "name",
    "surname": "name",
    "uuidsecret": "email_provider",
    "backup": "otp",
    "generic_otpsecret": "otp",
    "digest": "bearer",
}


def textwrap64(text):
    return [text[at : at + 64] for at in range(0, len(text), 64)]


def uuid(rng):
    raw = pick(rng, HEX, 32)
    return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-a{raw[17:20]}-{raw[20:]}"


def not_a_card(rng):
    """Sixteen digits of an order number that fail the check digit."""
    good = luhn("8" + pick(rng, string.digits, 14))
    return good[:-1] + str((int(good[-1]) + 3) % 10)


DECOYS = {
    "ip": lambda r: f"{r.choice(['203.0.113', '198.51.100', '192.0.2'])}.{r.randrange(1, 255)}", "port": lambda r: str(r.randrange(32768, 60999)), "int": lambda r: str(r.randrange(10, 99999)),
    "clf": lambda r: f"{r.randrange(1, 29):02d}/Nov/2026:{r.randrange(24):02d}:{r.randrange(60):02d}:{r.randrange(60):02d} +0000",
    "djstamp": lambda r: f"{r.randrange(1, 29):02d}/Nov/2026 {r.randrange(24):02d}:{r.randrange(60):02d}:{r.randrange(60):02d}",
    "iso": lambda r: f"2026-11-{r.randrange(1, 29):02d}T{r.randrange(24):02d}:{r.randrange(60):02d}:{r.randrange(60):02d}.{r.randrange(1000):03d}Z",
    "isomin": lambda r: f"2026-12-{r.randrange(1, 29):02d}T{r.randrange(24):02d}:30", "date": lambda r: f"2026-12-{r.randrange(1, 29):02d}",
    "stamp": lambda r: f"2026-11-{r.randrange(1, 29):02d} {r.randrange(24):02d}:{r.randrange(60):02d}:{r.randrange(60):02d},{r.randrange(1000):03d}",
    "syslog": lambda r: f"Nov {r.randrange(10, 29)} {r.randrange(24):02d}:{r.randrange(60):02d}:{r.randrange(60):02d}", "uuid": uuid,
    "epoch": lambda r: str(r.randrange(1_760_000_000, 1_800_000_000)), "epochms": lambda r: str(r.randrange(1_760_000_000_000, 1_800_000_000_000)),
    "num16": not_a_card, "bic": lambda r: "COBADEFFXXX", "cfkey": lambda r: "K" + pick(r, string.ascii_uppercase + string.digits, 13),
    "pk": lambda r: "pk_live_" + mixed(r, B62, 24), "twiliosid": lambda r: "SM" + pick(r, HEX, 32), "twilioac": lambda r: "AC" + pick(r, HEX, 32),
    **{f"hex{n}": lambda r, n=n: pick(r, HEX, n) for n in (8, 16, 24, 32, 40, 64)}, **{f"b62x{n}": lambda r, n=n: mixed(r, B62, n) for n in (14, 16)},
    "hex32x": lambda r: pick(r, HEX, 32),
}  # fmt: skip

ENCODINGS = {
    "url": lambda s: quote(s, safe=""), "url2": lambda s: quote(quote(s, safe=""), safe=""), "plus": lambda s: quote(s).replace("%20", "+"), "u0040": lambda s: s.replace("@", "\\u0040"),
    "amp": lambda s: s.replace("@", "&#64;"), "spaced": lambda s: " ".join(s[at : at + 4] for at in range(0, len(s), 4)), "dashed": lambda s: "-".join(s[at : at + 4] for at in range(0, len(s), 4)),
    "lower": str.lower, "jsonnl": lambda s: s.replace("\n", "\\n"), "jsonnl2": lambda s: s.replace("\n", "\\\\n"),
}  # fmt: skip


class Line(NamedTuple):
    """``hide``: class and how the value stands in the text. ``keep``: what must still stand there."""

    kind: str
    text: str
    hide: list[tuple[str, str]]
    keep: list[str]
    number: int


def lines(seed=1, rounds=1):
    """Every template, filled ``rounds`` times."""
    rng = random.Random(seed)
    rows = [
        row.partition(" | ")[::2]
        for row in TEMPLATES.read_text("utf-8").splitlines()
        if row and not row.startswith("#")
    ]
    return [_filled(kind, template, rng, number) for _ in range(rounds) for number, (kind, template) in enumerate(rows)]


def _filled(kind, template, rng, number):
    hide, keep, last = [], [], {}
    if kind != "jsonl":
        template = (
            template.replace("\\n", "\n")
            if kind in {"multi", "sql"} or template.startswith(("> GET", "-> ", "X-Amz"))
            else template
        )

    def fill(hole):
        name, form, encoding, decoy = hole.groups()
        if decoy:
            value = DECOYS[decoy](rng)
            keep.append(value)
            return value
        if name in OPEN:
            return OPEN[name](rng)
        value = last.get((name, form)) if name == "password" and rng.random() < 0.3 else None
        value = value or SECRETS[name](rng, form)
        last[name, form] = value
        if kind == "jsonl" and not encoding:
            value = json.dumps(value, ensure_ascii=False)[1:-1]
        shown = ENCODINGS[encoding](value) if encoding else value
        hide.append((form if name == "uuidsecret" else KIND.get(name, name), shown))
        return shown

    text = _HOLE.sub(fill, template).replace("{KEY}", "KEY")
    return Line(kind, text, hide, keep, number)
