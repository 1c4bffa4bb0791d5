"""Texts: found spellings, texts left alone, and properties of any text."""

import base64
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from launchready.errors import ConfigError
from launchready.redaction.text import Redactor, redact

MAIL = "jo.doe" + "@coach.example"
TOKEN = "aB3dE5gH7jK9mN1pQ" + "2rS"
STRIPE = "sk_" + "live_" + "4eC39HqLyjWDarjtT1zdp7dc"
PEM = "-----BEGIN RSA PRIVATE " + "KEY-----\n" + "MIIEow" * 12 + "\n-----END RSA PRIVATE " + "KEY-----"

HIDDEN = [
    ("password=hunter2x9 role=coach", "password=[password] role=coach"),
    ('{"newPassword": "a\\"b c"}', '{"newPassword": "[password]"}'),
    ('{\\"password\\":\\"hunter2x9\\"}', '{\\"password\\":\\"[password]\\"}'),
    ("%22password%22%3A%22hunter2x9%22", "%22password%22%3A%22[password]%22"),
    ("\\u0022email\\u0022:\\u0022jo\\u0040coach.example\\u0022", "\\u0022email\\u0022:\\u0022[email]\\u0022"),
    ("?u=jo%2Bx%40coach.example&x=1", "?u=[email]&x=1"),
    ("?u=jo%2540coach.example", "?u=[email]"),
    ("mail j@bücher.example now", "mail [email] now"),
    ("('password', 'hunter2x9')", "('password', '[password]')"),
    ("--password 'correct horse' --dry-run", "--password '[password]' --dry-run"),
    (f"GET /x?token={TOKEN}&page=2 HTTP/1.1", "GET /x?token=[generic_key]&page=2 HTTP/1.1"),
    (f"GET /reset/MTc/{TOKEN}/ HTTP/1.1", "GET /reset/MTc/[link_token]/ HTTP/1.1"),
    (f"Authorization: Bearer {TOKEN}", "Authorization: Bearer [bearer]"),
    ("'authorization': 'Basic am86aHVudGVyMg=='", "'authorization': 'Basic [basic]'"),
    (f"Cookie: sessionid={TOKEN}; lang=en", "Cookie: sessionid=[session]; lang=en"),
    (f"key {STRIPE}!", "key [stripe]!"),
    ("postgresql+psycopg://app:p/w@d@db:5432/app", "postgresql+psycopg://app:[db_url]@db:5432/app"),
    (f"before {PEM} after", "before [private_key] after"),
    ("card 4242 4242 4242 4242 12/27", "card [card ****4242] 12/27"),
    ("pay to DE89 3704 0044 0532 0130 00 EUR 10", "pay to [iban] EUR 10"),
    ("call +49 (0)170 1234567 now", "call [phone] now"),
    ("client (415) 555-2671 moved", "client [phone] moved"),
    ("Your code is 482913", "Your code is [otp]"),
    ('{"otp": 482913, "ttl": 300}', '{"otp": "[otp]", "ttl": 300}'),
    ("dob=1990-04-12 plan=basic", "dob=[dob] plan=basic"),
    ("UPDATE c SET phone=$1 WHERE id=$2 DETAIL: parameters: $1 = '5551234', $2 = '7'",
     "UPDATE c SET phone=$1 WHERE id=$2 DETAIL: parameters: $1 = '[phone]', $2 = '7'"),
    ("INSERT INTO a (password) VALUES ('x1y2z3'); INSERT INTO b (n, dob) VALUES (7, '1990-01-02');",
     "INSERT INTO a (password) VALUES ('[password]'); INSERT INTO b (n, dob) VALUES (7, '[dob]');"),
    (f"%22{STRIPE}%22 \\u0022{STRIPE}\\u0022 \\n{STRIPE}", "%22[stripe]%22 \\u0022[stripe]\\u0022 \\n[stripe]"),
    ("?next=%2Fx%3FCVV%3D495%26lang%3Dde", "?next=%2Fx%3FCVV%3D[cvc]%26lang%3Dde"),
    ("user[password]=hunter2x9 [push_token]: NotRegistered", "user[password]=[password] [push_token]: NotRegistered"),
    (f"STRIPE_API_KEY_B64={TOKEN}", "STRIPE_API_KEY_B64=[generic_key]"),
    ("code sent: 218370 (expires in 300s)", "code sent: [otp] (expires in 300s)"),
    ("To: Leila Petrova <leila@coach.example>", "To: [name] <[email]>"),
    ("contraseña: hunter2x9", "contraseña: [password]"),
    ("User(dob=datetime.date(1990, 4, 12), n=1)", "User(dob=[dob], n=1)"),
    ('"AUTH" "default" "hunter2x9"', '"AUTH" "default" "[password]"'),
    ("docker login -u ci -p hunter2x9 registry.example", "docker login -u ci -p [password] registry.example"),
    ('{"name": "csc", "value": "048"}', '{"name": "csc", "value": "[cvc]"}'),
    (f"set-cookie: __Host-auth={TOKEN}; Secure; Max-Age=86400", "set-cookie: __Host-auth=[bearer]; Secure; Max-Age=86400"),
    (f"api key rotated: {TOKEN}", "api key rotated: [generic_key]"),
    ("Use 070300 to verify your account", "Use [otp] to verify your account"),
    ("Dein Bestätigungscode lautet 575159", "Dein Bestätigungscode lautet [otp]"),
    ("Votre code de vérification est 616282", "Votre code de vérification est [otp]"),
    ("Dear Emily Johnson,", "Dear [name],"),
    ("İ my password is hunter2x9", "İ my password is [password]"),
    ("sent to phone: Acme code 482913", "sent to phone: Acme code [otp]"),
    (f"[(b'host', b'x'), (b'x-api-key', b'{TOKEN}')]", "[(b'host', b'x'), (b'x-api-key', b'[generic_key]')]"),
    (f"│ phone_id   = 4 │ token      = '{TOKEN}' │", "│ phone_id   = 4 │ token      = '[generic_key]' │"),
    (f"Cookie: lang=en; XSRF-TOKEN={TOKEN}\r\nX-Id: 1", "Cookie: lang=en; XSRF-TOKEN=[csrf]\r\nX-Id: 1"),
    ("le mot de passe : hunter2x9 est faux", "le mot de passe : [password] est faux"),
    (f"POST /3/device/{'90e0b1c4' * 8} 200", "POST /3/device/[push_token] 200"),
    ("GET /calendar/feed/5e5cf229-c5cd-4a2a-9f74-6a69c9446605.ics 200", "GET /calendar/feed/[link_token].ics 200"),
    ('{"dob": {"old": "1990-04-12", "new": "1990-04-13"}, "old": "1990-01-01"}',
     '{"dob": {"old": "[dob]", "new": "[dob]"}, "old": "1990-01-01"}'),
    ("GET /r/confirm?t=5e5cf229-c5cd-4a2a-9f74-6a69c9446605&d=1", "GET /r/confirm?t=[link_token]&d=1"),
    ("'last_name': ['Petrova', \"O'Doe\"], 'n': ['1', '2']", "'last_name': [[name]], 'n': ['1', '2']"),
    ('password=Optional("hunter2x9")', 'password=Optional("[password]")'),
    ('ATTENDEE;CN="Leila Petrova":mailto:leila@coach.example', 'ATTENDEE;CN="[name]":mailto:[email]'),
    ("id,email,password\n7,jo@coach.example,hunter2x9", "id,email,password\n7,[email],[password]"),
    (" name | otp \n------+-----\n jo   | 482913", " name | otp \n------+-----\n jo   | [otp]"),
    ('COPY c (id, dob) FROM stdin, line 1: "7\t1990-04-12"', 'COPY c (id, dob) FROM stdin, line 1: "7\t[dob]"'),
    ("    login(user, pw)\n          │     └ 'hunter2x9'\n          └ 7", "    login(user, pw)\n          │     └ '[password]'\n          └ 7"),
    ('"SET" "otp:47972" "219458" "EX" "300"', '"SET" "otp:47972" "[otp]" "EX" "300"'),
    (f"SETEX session:{TOKEN} 60 x", "SETEX session:[session] 60 x"),
    ('["password"]=>\n  string(9) "hunter2x9"', '["password"]=>\n  string(9) "[password]"'),
    ("    [password] => hunter2x9\n    [plan] => basic", "    [password] => [password]\n    [plan] => basic"),
    ("\x1b[36mpassword\x1b[0m=\x1b[35mhunter2x9\x1b[0m", "\x1b[36mpassword\x1b[0m=\x1b[35m[password]\x1b[0m"),
    ("  - name: JWT_SECRET\n    value: hunter2x9", "  - name: JWT_SECRET\n    value: [generic_key]"),
    ('{"field": "password", "old": "hunter2x9", "new": "hunter3x8"}', '{"field": "password", "old": "[password]", "new": "[password]"}'),
    ('password = "hunter2x9" -> "hunter3x8"', 'password = "[password]" -> "[password]"'),
    ("password for jo changed to hunter2x9", "password for jo changed to [password]"),
    ("jo typed hunter2x9 as password", "jo typed [password] as password"),
    ("set temporary password hunter2x9 for jo", "set temporary password [password] for jo"),
    (f"csrf: expected {TOKEN} got {TOKEN}", "csrf: expected [csrf] got [csrf]"),
    ("otp mismatch got=482913 want=482914", "otp mismatch got=[otp] want=[otp]"),
    ("leila@coach.example:hunter2#9", "[email]:[password]"),
    ("('Leila Petrova', 'leila@coach.example', 7)", "('[name]', '[email]', 7)"),
    ("client Leila Petrova called", "client [name] called"),
    ("moved to 12 Harrow Lane, then Kastanienallee 84", "moved to [address], then [address]"),
    ("Failing row contains (7, jo@coach.example, 1990-04-12).", "Failing row contains (7, [email], [dob])."),
    ("card 4242 4242 4242 4242 exp 12/27 code 123", "card [card ****4242] exp 12/27 code [cvc]"),
    ("smtp.login('jo', 'hunter2x9')", "smtp.login('jo', '[password]')"),
    ("booking:hunter2x9@tcp(db:3306)/booking", "booking:[db_url]@tcp(db:3306)/booking"),
    ("input_value='postgres//app:hunter2x9@db/app'", "input_value='postgres//app:[db_url]@db/app'"),
    ("Your verification code is\n482913", "Your verification code is\n[otp]"),
    ("AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host;x-amz-date, Signature=" + "8f" * 32,
     "AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host;x-amz-date, Signature=[signed_url]"),
    ("password = 'jl(6f@sIK'", "password = '[password]'"),
    ('{"token": "abcdef"}', '{"token": "[generic_key]"}'),
]  # fmt: skip

KEPT = [
    "2026-07-19 21:27:22,526 INFO password reset requested for user_id=83377",
    "password_changed_at=2026-09-24T08:02:00.060Z password_policy=strong auth_method=password token_type=bearer",
    "password must be at least 12 characters field=password1",
    "UPDATE users SET password = %s, email = %(email)s WHERE id = $1",
    "git@host:org/repo.git logo@2x.png celery@worker-1 react@18.2.0",
    "id=5e5cf229-c5cd-4a2a-9f74-6a69c9446605 trace_id=4bf92f3577b34da6a3ce929d0e0e4736 at 1721340442526",
    "order 4111111111111112 took 12.5ms from 203.0.113.81:5533 error code: 500123",
    "cus_NffrFeUfNV2Hib paid pi_3MtwBwLkdIwHu7ix28a3tqPa, card_brand=visa card_last4=4242",
    "GET /bookings/8f14e45f-ceea-467a-9a36-dedd4bea2543/cancel 200",
    "password=[password] token=**** secret=None api_key=${API_KEY}",
    "token = request.headers['x'] password = form.cleaned_data['password']",
    "Idempotency-Key: 07bd0307-4712-4883-bb39-8a6526531fb0 replayed=true, cache key 4bf92f3577b34da6a3ce929d0e0e4736",
    "object key: uploads/2026/05/7f31359713f1e5b8.png",
    "put s3://acme-prod/backups/2026-03-01.tar.gz API_KEY_HEADER=X-Api-Key",
    "code 500977 in batch 277551, EAN=4095921580243 dd.trace_id=4111111111111111110",
    "Message-ID: <46936638970648.3OWS3N55@mail.acme.example>",
    "form errors: {'password': ['This field is required.']}",
    "Hello World, dear customer,",
    "SET otp:user47972 EX 300 mot de passe : invalide",
    "name       = celery.beat\naddress    = 10.0.0.48:8000",
    f"pydantic==2.5.1 --hash=sha256:{'c04e2263' * 8}",
    '{"status": {"old": "draft", "new": "live"}, "token_id": {"value": 17}}',
    "GET /slots?t=5e5cf229-c5cd-4a2a-9f74-6a69c9446605 AccountName=acmeblob;EndpointSuffix=x",
    '{"first_name": ["Too long", "No digits"], "last_name": ["Required", "Invalid"]}',
    "api_key=sk_live_****4242 token=xoxb-*** iban=DE**************00",
    '{"password": "Passwort", "token": "invalid_token", "errors": {"password": ["too_short", "no_digit"]}}',
    "arn:aws:secretsmanager:eu-west-1:1234:secret:prod/db-AbCdEf PWD=/srv/app",
    f'sha1:{"c04e2263" * 5} {{"hash": "{"c04e2263" * 4}"}}',
    "password reset |0 python-jose-3.3.0 tokenizers-0.20.1",
    "missing Authorization header path=/api/v1/payments path=/auth/token ip=198.51.100.204",
    "wrong password user_id=87822 password hasher changed to argon2id",
    '{"credentials": {"region": "eu-west-1", "expires": "2026-11-24T10:00:00Z"}}',
    "customer Success Team, Morning Flow (12 seats), 3 Close events",
    "issuer CN=R3,O=Let's Encrypt subject CN=app.acme.example",
]


@pytest.mark.parametrize(("text", "expected"), HIDDEN)
def test_hidden(text, expected):
    """The secret in this spelling becomes a marker, the rest stays, and one pass is enough."""
    assert redact(text) == expected
    assert redact(expected) == expected


@pytest.mark.parametrize("text", KEPT)
def test_kept(text):
    """A text that only looks like a secret is returned as the same object."""
    assert redact(text) is text


FRAGMENTS = st.sampled_from(
    ["password", "token", "\x1b[36m", "=", ":", '"', "'", "\\", "%40", "%22", "@", "a.example", " ", "[", "]", "(", ")", "{", "}", "&", "?",
     "code is ", "123456", "4242 4242 4242 4242", "+49 170 1234567", "://", "u:p@h", "eyJ" + "a" * 20, "-----BEGIN ", "PRIVATE KEY-----",
     "[email]", "[password]", "[card ****4242]", "Bearer ", "Cookie: ", "name", "\n", "\x00", "\ud800", "é", TOKEN, MAIL, "/reset/", ";", ",",
     "VALUES (", "INSERT INTO t (password) ", "$1", "args=(", "<", ">", "born 1990-01-01", "IBAN DE89370400440532013000", "cvc 123"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(FRAGMENTS, max_size=24).map("".join))
def test_any_mixture_is_idempotent(text):
    """Random pieces of secrets, quotes and markers never raise, and a second pass changes nothing."""
    once = redact(text)
    assert redact(once) == once


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=200))
def test_any_text_is_idempotent(text):
    """Any text, lone surrogates and NUL included, is redacted without an exception and only once."""
    once = redact(text)
    assert isinstance(once, str)
    assert redact(once) == once


PROBES = {
    "letters": "a", "equals": "=", "spaces": " ", "digits": "1", "digits apart": "1 ", "quotes": '"', "backslashes": "\\", "braces": "{",
    "dots": "a.", "at signs": "a@", "key": "password", "key and equals": "password=", "bearer": "Bearer ", "jwt": "eyJ", "jwt dots": "eyJa.",
    "pem": "-----BEGIN RSA PRIVATE " + "KEY-----", "urls": "://a:", "query": "?token=", "percent": "%40", "plus": "+1 ", "area": "(415) ",
    "card": "4111 1111 1111 111 ", "iban": "DE89 3704 ", "hex": "deadbeef", "code": "code is ", "cookie": "Cookie: a=b; ", "lines": "\n",
    "escapes": '{"a":"\\\\\\"', "flags": "--password ", "insert": "INSERT INTO t (a) VALUES (", "links": "/reset/", "names": "Ab ", "accents": "é",
    "open quote": 'password="x\\"', "brackets": "token=[", "xml": "<password>", "dollar": "$1 = '", "otp": 'otp="',
}  # fmt: skip


@pytest.mark.parametrize("probe", PROBES)
def test_time_is_linear(probe):
    """A megabyte takes at most one second here, and five times the text takes at most seven times as long."""
    unit = PROBES[probe]
    small, large = (unit * (size // len(unit)) for size in (200_000, 1_000_000))

    def seconds(text):
        """Processor time, the smaller of two runs, because other processes also use the machine."""
        runs = []
        for _ in range(2):
            started = time.process_time()
            redact(text)
            runs.append(time.process_time() - started)
        return min(runs)

    first, second = seconds(small), seconds(large)
    assert second < 1.0
    assert second < max(0.1, 7 * first)


def test_long_text_is_read_to_its_end():
    """A secret is found after, across and far behind the end of a piece. A key block larger than a piece is hidden whole."""
    filler = "some harmless words and more of them " * 4000
    assert MAIL not in redact(filler + MAIL + " " + filler)
    assert redact(filler) == filler
    for cut in range(65_500, 65_560, 7):
        assert "hunter2x9" not in redact("x " * (cut // 2) + "password=hunter2x9 end")


def test_used_up_budget_fails_closed():
    """Text beyond the work budget is not written."""
    dense = "otp=a " * 40_000 + "password=hunter2x9"
    assert "hunter2x9" not in redact(dense)
    assert redact(dense).endswith("[redacted: too much to read]")


def test_user_fields_and_patterns():
    """A user's class, by key or by pattern, needs one line and is counted under its name."""
    own = Redactor(fields=("tax_number",), patterns={"booking code": r"BK-\d{6}", "everything": r"zz+"})
    assert own("tax_number=77 BK-123456 zzz") == "tax_number=[tax_number] [booking code] [everything]"
    assert own(own("BK-123456")) == "[booking code]"
    assert dict(own.counts) == {"tax_number": 1, "booking code": 2, "everything": 1}


def test_pattern_that_matches_markers():
    """A pattern that matches its own marker causes no endless loop."""
    own = Redactor(patterns={"word": r"\w+"})
    assert own("some text") == own(own("some text")) == "[word] [word]"


def test_allow_list():
    """Allowed values, domains, keys and classes stay, and nothing else does."""
    own = Redactor(allow=(MAIL, "@acme.example", "key:session_id", "class:phone"))
    text = f"{MAIL} a@acme.example b@other.example session_id={TOKEN} +49 170 1234567 token={TOKEN}"
    assert own(text) == f"{MAIL} a@acme.example [email] session_id={TOKEN} +49 170 1234567 token=[generic_key]"


def test_pseudonyms():
    """All spellings of an address share a tag, another key gives another tag, and a password has none."""
    one, two = (Redactor(pseudonyms=True, key=key) for key in ("k1", b"k2"))
    tag = one(MAIL)
    assert tag.startswith("[email:")
    assert len(tag) == len("[email:3f9a1c]")
    assert one(MAIL.upper()) == one(MAIL.replace("@", "%40")) == tag == one(tag)
    assert two(MAIL) not in {tag, "[email]"}
    assert one("password=hunter2x9") == "password=[password]"


def test_all_mistakes_are_reported():
    """An invalid pattern, and pseudonyms without a key, are reported together with a fix."""
    with pytest.raises(ConfigError) as caught:
        Redactor(patterns={"bad": "("}, pseudonyms=True)
    assert len(caught.value.problems) == 2


def test_ip_addresses_are_opt_in():
    """IP addresses stay unless the option is set."""
    assert redact("from 203.0.113.81") == "from 203.0.113.81"
    assert Redactor(ip_addresses=True)("from 203.0.113.81 and 2001:db8::1") == "from [ip] and [ip]"


@pytest.mark.parametrize(
    "plain", [f"user={MAIL}", '{"password": "hunter2x9", "n": 1}', f"key {STRIPE}", "postgres://app:hunter2x9@db/app"]
)
def test_base64_is_hidden(plain):
    """Base64 of text with something to hide is hidden whole, padded or not, in the URL alphabet as well."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        coded = encode(plain.encode()).decode()
        for shown in (coded, coded.rstrip("="), coded.replace("=", "%3D")):
            assert shown.rstrip("=") not in redact(f"payload {shown} done")


def test_base64_is_kept():
    """A cursor, a hash and an id stay, because they decode to harmless text or to none."""
    for plain in ('{"id": 12345, "after": "2026-11-24"}', "booking:12345:created_at:desc"):
        text = f"cursor {base64.b64encode(plain.encode()).decode()} etag 4bf92f3577b34da6a3ce929d0e0e4736aabbccdd"
        assert redact(text) is text


HARD = {
    "password of": "password for the ", "client": "customer Ab Cd ", "expected": "csrf expected " + "a1" * 12 + " ", "street": "1 Ab Street ",
    "street names": "1 Ab Ab Ab ", "table": "a,password\n1,2\n", "arrow": "x\n└ 'x'\n", "stored": "SET otp:1 2 ", "again": "[password] -> 'x",
    "yaml": "name: a\n  value: b\n", "colours": "\x1b[36ma", "env": "ENV A b ", "member": '{"a": {"S": "x"}} ', "no URL": "postgres//a:b",
    "failing row": "Failing row contains (1, 1990-01-01, ", "rows": "'Ab Cd', '[email]', ", "beside": "[email]:", "under": "a\n 'b'\n",
    "calls": "login('a', 'b", "card's end": "[card ****1111] 12/27 ", "copied": "COPY a (b, c)\n1\t2\n", "masks": "token=***",
    "unclosed quotes": 'token="a', "escaped keys": '\\"password\\":', "nested encodings": "%252522token%25253D", "names": 'name="A B" ', "company": "name=A email=a@b.co ",
    "backup": "backup codes: aaaa-1111, ", "validation": "password\n  input_value='", "validation body": "'loc': ('body', 'a'), 'input': ", "mysql": "mysql -u a -p",
    "redis": "redis-cli -a ", "base64": "dXNlcj1qb2VAeA ", "base64 words": "cGFzc3dvcmQ9aHVudGVyMng5 ", "parents": '"session":{"id":', "signed": "signature=t=1,v1=", "sql": "$1 = '", "device": "device " + "a" * 64 + " ",
    "xml": "<a>b</", "multipart": 'name="a"\n\n', "cookies": "Cookie: a=b;", "digest": "Authorization: Digest a=", "json": '{"a":', "fields": '"a":"b",', "links": "https://a.example/reset/aB3dE5gH7jK9mN1p/", "escaped links": "\\/reset\\/",
}  # fmt: skip


PLAIN = Redactor()
PLAIN._engine._re2_loaded = True  # as without google-re2


@pytest.mark.parametrize("reads", [redact, PLAIN], ids=["with google-re2", "without"])
@pytest.mark.parametrize("probe", HARD)
def test_time_is_linear_for_every_reader(probe, reads):
    """Half a megabyte of the trigger of any reader takes half a second, and time is proportional to length."""
    unit = HARD[probe]
    seconds = []
    for size in (100_000, 500_000):
        text = unit * (size // len(unit))
        started = time.process_time()
        reads(text)
        seconds.append(time.process_time() - started)
    assert seconds[1] < 0.5
    assert seconds[1] < max(0.1, 8 * seconds[0])
