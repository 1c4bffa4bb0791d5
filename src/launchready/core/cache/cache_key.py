"""Which stored answer a request selects (RFC 9111 §4, §4.1): the key of a URL, and of a variant behind it.

A key is text in which no two different things look the same: byte for byte what was sent, lengths before values,
absent told from empty. The names in Vary are sorted, so that their order makes no difference.
"""

from launchready.http.message import Headers, Request


def url_key(request: Request) -> str:
    """The key of a target URI, byte for byte: no two URLs that an app could tell apart share an entry."""
    return f"{request.scheme}://{request.get(b'host')!r}{request.raw_path!r}?{request.query!r}"


def url_key_of(scheme: str, host: bytes | None, raw_path: bytes, query: bytes) -> str:
    """The same of the parts of a URL."""
    return f"{scheme}://{host!r}{raw_path!r}?{query!r}"


def append_headers(key: str, names: frozenset[bytes], headers: Headers) -> str:
    """A key with header lines in it: what a trusted proxy says of the URL is a part of the URL."""
    return key + "".join(f"\n{name!r}={value!r}" for name, value in headers if name in names)


def variant_key(
    key: str, version: int, names: tuple[bytes, ...], request: Request, fold_order: bool = False, language: bytes = b""
) -> str:
    """The key of one variant.

    ``version`` is the pointer's: when that is invalidated, every variant behind it is out of reach at once.
    ``language``: of the answer, in place of what the request accepts.
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
    """The names in Vary, sorted; None where no two requests can be told to be alike.

    ``*`` says so (§4.1). A compression dictionary (RFC 9842) is one that this cache cannot tell apart from another.
    """
    names = {name.strip(b" \t") for name in value.lower().split(b",")} - {b""}
    return None if b"*" in names or b"available-dictionary" in names else tuple(sorted(names))


def _normalise(name: bytes, value: bytes, *, fold_order: bool) -> bytes:
    """§4.1: two values that say the same are one: white space, several lines, the case of languages and encodings.

    The order of a list is kept but where ``fold_order`` asks otherwise: some apps give the first language the
    preference that RFC 9110 does not, and would have been answered with another one.
    """
    members = [b" ".join(member.split()) for member in value.split(b",")]
    if name.startswith(b"accept-"):
        members = [member.lower() for member in members]
        if fold_order:
            members.sort()
    return b",".join(members)
