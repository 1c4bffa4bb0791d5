"""The URLs that a page loads and the targets of its forms, read from its HTML."""

import contextlib
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin

# URLs that a browser loads by itself. On an https page it refuses active content, and loads images with a warning.
ACTIVE = {"script": ("src",), "iframe": ("src",), "object": ("data",), "embed": ("src",), "form": ("action",)}
PASSIVE = {"img": ("src",), "audio": ("src",), "video": ("src", "poster"), "source": ("src",), "track": ("src",)}
MAX_CHARACTERS = 256 * 1024
MAX_REFERENCES = 2_000
STYLES = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reference:
    """One URL that a page loads. ``active``: it can do everything that the page can. ``pinned``: the page gives its
    hash (``integrity``).
    """

    tag: str
    url: str
    active: bool
    pinned: bool = False


class _Enough(Exception):
    """The page has more references than are read."""


class _ReferenceParser(HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__(convert_charrefs=True)
        self.base = base
        self.style = False
        self.found: list[Reference] = []

    def add(self, tag: str, url: str, *, active: bool, pinned: bool = False) -> None:
        if len(self.found) >= MAX_REFERENCES:
            raise _Enough
        try:
            self.found.append(Reference(tag, urljoin(self.base, url.strip()), active, pinned))
        except ValueError:
            return  # Not a URL that a browser could load.

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        pinned = bool(given.get("integrity"))
        if tag == "base" and given.get("href"):
            self.base = urljoin(self.base, given["href"])
        for names, active in ((ACTIVE, True), (PASSIVE, False)):
            for name in names.get(tag, ()):
                if given.get(name):
                    self.add(tag, given[name], active=active, pinned=pinned)
        if tag == "link" and set(given.get("rel", "").lower().split()) & {"stylesheet", "preload", "modulepreload"}:
            self.add(tag, given.get("href", ""), active=True, pinned=pinned)
        for candidate in given.get("srcset", "").split(","):
            if candidate.split():
                self.add(tag, candidate.split()[0], active=False)
        self.styles(given.get("style", ""))
        self.style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self.style = self.style and tag != "style"

    def handle_data(self, data: str) -> None:
        if self.style:
            self.styles(data)

    def styles(self, text: str) -> None:
        for match in STYLES.finditer(text):
            self.add("style", match[1] or match[2], active=bool(match[2]))


@functools.lru_cache(maxsize=8)
def references(html: str, base: str) -> tuple[Reference, ...]:
    """The URLs that the page at ``base`` loads, and the targets of its forms. Never raises.

    At most ``MAX_CHARACTERS`` of the page are read, and ``MAX_REFERENCES`` returned.
    """
    reader = _ReferenceParser(base)
    # The parser of the standard library asserts on some broken declarations. The references found until then count.
    with contextlib.suppress(AssertionError, _Enough):
        reader.feed(html[:MAX_CHARACTERS])
    return tuple(reader.found)


def mixed(html: str, base: str) -> Iterator[Reference]:
    """The references of an https page without encryption."""
    return (one for one in references(html, base) if one.url.lower().startswith("http://"))
