"""Text that came from a network, made safe to show: a DNS record must not move the cursor, or change the title of
somebody's window.
"""

import re

# C0, DEL, C1, and the characters that turn the direction of text around (UAX 9).
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def clean(text: str) -> str:
    """The text without control characters; lines stay lines."""
    return CONTROL.sub("\ufffd", text)
