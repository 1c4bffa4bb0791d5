"""What a page loads and where its forms go, read from its HTML."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin

# What a browser loads by itself. Active content is refused on an https page; images are loaded, with a warning.
ACTIVE = {"script": ("src",), "iframe": ("src",), "object": ("data",), "embed": ("src",), "form": ("action",)}
PASSIVE = {"img": ("src",), "audio": ("src",), "video": ("src", "poster"), "source": ("src",), "track": ("src",)}
STYLES = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reference:
    """One thing that a page loads, as an absolute URL. ``active``: it can do what the page can. ``pinned``: the page
    says by a hash what it must be (``integrity``).
    """

    tag: str
    url: str
    active: bool
    pinned: bool = False


class _ReferenceParser(HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__(convert_charrefs=True)
        self.base = base
        self.style = False
        self.found: list[Reference] = []

    def add(self, tag: str, url: str, *, active: bool, pinned: bool = False) -> None:
        try:
            self.found.append(Reference(tag, urljoin(self.base, url.strip()), active, pinned))
        except ValueError:
            return  # not a URL that a browser could load either

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


def references(html: str, base: str) -> list[Reference]:
    """What the page at ``base`` loads, and where its forms go. Never raises: HTML is whatever a server sends."""
    reader = _ReferenceParser(base)
    reader.feed(html)
    return reader.found


def mixed(html: str, base: str) -> Iterator[Reference]:
    """What a page that came over https loads, or sends, without encryption."""
    return (one for one in references(html, base) if one.url.lower().startswith("http://"))
