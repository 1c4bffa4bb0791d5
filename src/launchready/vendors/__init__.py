"""Vendors' keys as data, shared by redaction and the secrets scan.

``formats`` holds the patterns that find a key in a text. ``catalog`` holds the vendor, the damage a thief can do with
the key, and the place to revoke it. The package contains data only and imports nothing.
"""


def word_set(text: str) -> frozenset[str]:
    """Split a space-separated list into a set of words."""
    return frozenset(text.split())
