"""Pages with one-time tokens are recognised under every name, type and encoding; other pages are not."""

import gzip
import time
import zlib

import pytest

from launchready.core.cache.personal_body import MAX_DECODED, SUSPICIOUS, is_personal, is_searched
from launchready.core.cache.stored_response import ENCODED, SEARCHED, StoredResponse
from launchready.http.message import Request

TOKEN = "".join(reversed("fedcba9876543210"))
OWN = ("lr." + "0a" * 16 + ".aBcDeF." + "x" * 27).encode()


def request(headers=()):
    return Request("GET", "/", b"/", b"", "https", "192.0.2.1", list(headers))


def page(encoding=b"", kind=b"text/html"):
    stored = StoredResponse(200, [(b"content-encoding", encoding)] if encoding else [])
    stored.flags = SEARCHED * is_searched(kind) | ENCODED * bool(encoding)
    return stored


NAMES = [
    "csrfmiddlewaretoken", "csrf_token", "csrf-token", "csrfToken", "csrf", "_csrf", "_csrfToken", "YII_CSRF_TOKEN", "_token",
    "_xsrf", "XSRF-TOKEN", "authenticity_token", "__RequestVerificationToken", "__AntiForgery", "form_key", "form_build_id",
    "sesskey", "_wpnonce", "__VIEWSTATE", "user[_token]", "_idem", "idempotency_key", "logintoken", "form_token",
]  # fmt: skip
MARKUP = [
    '<input type="hidden" name="{}" value="{}">',
    "<input type='hidden' value='>' name='{}' data-x='{}'/>",
    "<INPUT NAME={} VALUE={}>",
    '<html:input\n  type = "hidden"\n  name = "{}"\n  value = "{}" />',
    '<meta name="{}" content="{}">',
    '<textarea id="{}">{}</textarea>',
    '<button name="{}" value="{}">Book</button>',
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("markup", MARKUP)
def test_forms(name, markup):
    """A hidden field, a meta tag or a button with the name of a token."""
    body = f"<html><p>Coaches</p>{markup.format(name, TOKEN)}</html>".encode()
    assert is_personal(request(), page(), body)
    assert any(word in body.lower() for word in SUSPICIOUS)


@pytest.mark.parametrize(
    "text",
    [
        '{{"csrfToken": "{}"}}', '{{"data":{{"csrf_token":"{}"}}}}', "window.csrf = '{}'", "var XSRF_TOKEN=`{}`",
        '<body hx-headers=\'{{"X-CSRFToken": "{}"}}\'>', "<body hx-headers='{{&quot;X-CSRFToken&quot;: &quot;{}&quot;}}'>",
        '<div data-csrf-token="{}">', '<script>app.init({{"authenticityToken":"{}"}})</script>', '{{\\"csrf\\":\\"{}\\"}}',
    ],
)  # fmt: skip
def test_scripts_and_data(text):
    """The same names in JSON, scripts and attributes."""
    assert is_personal(request(), page(), text.format(TOKEN).encode())


@pytest.mark.parametrize("markup", ['<input name="&#99;srf_token">', '<input name="csrf&#95;token">'])
def test_names_with_character_references(markup):
    """A browser decodes references in attributes, and so does the search."""
    assert is_personal(request(), page(), markup.encode())


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-be", "utf-32"])
def test_wide_charsets(charset):
    """A page in UTF-16 or UTF-32."""
    assert is_personal(request(), page(), f'<input name="csrf_token" value="{TOKEN}">'.encode(charset))


FORM = f'<form><input name="csrf_token" value="{TOKEN}"></form>'.encode()


def raw_deflate(data):
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    "row",
    [
        (b"gzip", gzip.compress(FORM)), (b"GZIP", gzip.compress(FORM)), (b"x-gzip", gzip.compress(FORM)),
        (b"gzip", gzip.compress(b"<p>") + gzip.compress(FORM)), (b"deflate", zlib.compress(FORM)),
        (b"deflate", raw_deflate(FORM)), (b"gzip, gzip", gzip.compress(gzip.compress(FORM))), (b"identity", FORM),
        (b"br", b"\x0b\x02\x80abc\x03"), (b"zstd", b"("), (b"dcb", b"x"), (b"gzip", b"not gzip"),
        (b"gzip", gzip.compress(FORM)[:-20]), (b"gzip", gzip.compress(bytes(MAX_DECODED + 1))),
    ],
    ids=lambda row: row[0].decode() + str(len(row[1])),
)  # fmt: skip
def test_encodings(row):
    """A token in a compressed page; a page that cannot be decoded counts as personal."""
    assert is_personal(request(), page(row[0]), row[1])


@pytest.mark.parametrize(
    "row",
    [
        (b"gzip", gzip.compress(b"<p>Coaches</p>")), (b"deflate", zlib.compress(b"<p>Coaches</p>")),
        (b"deflate", raw_deflate(b"<p>Coaches</p>")), (b"", b"<p>How CSRF works, and what a token is</p>"),
        (b"", b'<meta name="google-site-verification" content="x"><meta name="description" content="tokens">'),
        (b"", b'<input name="q"><input name="city" value="Bonn">'), (b"", b'{"coaches": [{"name": "Ana"}]}'),
    ],
    ids=lambda row: row[0].decode() + str(len(row[1])),
)  # fmt: skip
def test_pages_without_a_token(row):
    """Pages for everyone, also about tokens."""
    assert not is_personal(request(), page(row[0]), row[1])


@pytest.mark.parametrize("kind", [b"text/html; charset=utf-8", b"application/xhtml+xml", b"image/svg+xml", b"application/json",
                                  b"application/problem+json", b"text/xml", b"TEXT/HTML", b""])  # fmt: skip
def test_searched_types(kind):
    """Pages, XHTML, XML, JSON, and responses without a type."""
    assert is_searched(kind)


@pytest.mark.parametrize("kind", [b"text/css", b"image/png", b"text/plain", b"font/woff2", b"text/javascript"])
def test_our_own_keys_are_found_in_any_type(kind):
    """A key of form_field() is never stored, whatever the type; other files are stored in any encoding."""
    assert is_personal(request(), page(kind=kind), b"x " + OWN + b" y")
    assert is_personal(request(), page(b"gzip", kind), gzip.compress(OWN))
    assert not is_personal(request(), page(b"br", kind), b"static file")


def test_the_value_of_a_cookie():
    """A page that contains the visitor's cookie value."""
    asked = request(headers=[(b"cookie", b"theme=dark; session=" + TOKEN.encode())])
    assert is_personal(asked, page(), b"<p>" + TOKEN.encode())
    assert not is_personal(asked, page(), b"<p>dark")


@pytest.mark.parametrize(
    "unit",
    ["<input ", "<input name=", '<input name="', "<a:input ", "csrf", "csrf-", 'csrf": ', "&#99;", "lr.", "<meta '"],
)
def test_long_bodies_take_linear_time(unit):
    """A body of repeated fragments takes at most five times as long for four times the length."""

    def seconds(count):
        body = (unit * count).encode()
        times = []
        for _ in range(3):
            started = time.process_time()
            is_personal(request(), page(), body)
            times.append(time.process_time() - started)
        return min(times)

    size = 200_000 // len(unit)
    assert seconds(4 * size) <= 5 * seconds(size) + 0.05
