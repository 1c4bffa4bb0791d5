"""The key of a URL and of a variant of it (RFC 9111 sections 4 and 4.1).

No two different requests share a key: URLs count byte for byte, lengths precede values, and an absent header differs
from an empty one. Vary names are sorted, so their order makes no difference.
"""

from launchready.http.message import Headers, Request


def url_key(request: Request) -> str:
    """The key of a target URI, byte for byte."""
    return f"{request.scheme}://{request.get(b'host')!r}{request.raw_path!r}?{request.query!r}"


def url_key_of(scheme: str, host: bytes | None, raw_path: bytes, query: bytes) -> str:
    """The same key, from the parts of a URL."""
    return f"{scheme}://{host!r}{raw_path!r}?{query!r}"


def append_headers(key: str, names: frozenset[bytes], headers: Headers) -> str:
    """Add header lines to a key. Forwarding headers of a trusted proxy are part of the URL."""
    return key + "".join(f"\n{name!r}={value!r}" for name, value in headers if name in names)


def variant_key(
    key: str, version: int, names: tuple[bytes, ...], request: Request, fold_order: bool = False, language: bytes = b""
) -> str:
    """The key of one variant.

    ``version`` is the pointer's version: a new pointer makes every older variant unreachable. ``language`` replaces the
    request's Accept-Language by the language of a response.
    """
    parts = [f"{key}#{version}"]
    for name in names:
        if language and name == b"accept-language":
            parts.append(f"={language.decode('latin-1')}")
            continue
        lines = request.lines(name)
        value = _normalise(name, b",".join(lines), fold_order=fold_order).decode("latin-1")
        parts.append(f"{len(value)}:{value}" if lines else "-")
    return "\n".join(parts)


def parse_vary(value: bytes) -> tuple[bytes, ...] | None:
    """The sorted names in Vary; None if the response matches no other request.

    ``*`` matches nothing (section 4.1). Compression dictionaries (RFC 9842) are not supported and match nothing either.
    """
    names = {name.strip(b" \t") for name in value.lower().split(b",")} - {b""}
    return None if b"*" in names or b"available-dictionary" in names else tuple(sorted(names))


def _normalise(name: bytes, value: bytes, *, fold_order: bool) -> bytes:
    """Section 4.1: normalise white space, line breaks, and the case of languages and encodings.

    The order of members is kept unless ``fold_order`` is set: some apps prefer the first language of a list, although
    RFC 9110 does not.
    """
    members = [b" ".join(member.split()) for member in value.split(b",")]
    if name.startswith(b"accept-"):
        members = [member.lower() for member in members]
        if fold_order:
            members.sort()
    return b",".join(members)
