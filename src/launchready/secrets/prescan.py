"""A fast filter: rejects most of a history before the readers run.

The filter never rejects bytes in which a reader would find a secret (tests/secrets/test_prescan.py). Most bytes that
pass contain none.
"""

import re

from launchready.secrets.base64_text import decode_text
from launchready.secrets.call_arguments import GATES as ARGUMENTS
from launchready.secrets.file_context import FileContext
from launchready.secrets.key_names import STEMS
from launchready.secrets.vendor_tokens import GATES

_LONG = re.compile(rb"(?<![\w\-.:/~$%+=\[])[\w\-.:/~$%+=\[]{12,}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_\-]{20,}")
_GATES = tuple(gate.encode() for gate in GATES)
_STEMS = tuple(stem.encode() for stem in STEMS)
_COMMANDS = tuple(
    word.encode()
    for word in (
        " -u",
        "--user",
        "--proxy-user",
        "mysql",
        "sshpass",
        "redis-cli",
        " login",
        "ldap",
        "lftp",
        "sudo",
        "smb",
        " -a ",
        "--auth",
        "sig=",
        "dns ",
        "@tcp(",
        "@unix(",
        "securestring",
        "contrase",
        "mot de passe",
        *ARGUMENTS,
        "identified",
        "asic ",
        "earer ",
    )
)


_LOGINS = (b"login", b"log in", b"log-in", b"sign", b"zugang", b"acceso", b"@")


def may_hold_secret(data: bytes, where: FileContext) -> bool:
    """Whether to run the readers. Files of credentials and binary files always pass."""
    low = data.lower()
    if where.credentials or b"\0" in data or any(stem in low for stem in _STEMS):
        return True
    if (b"://" in low and b"@" in low) or b"-----begin" in low or b"putty-user" in low or b"insert into" in low:
        return True
    if (b" / " in low or b" | " in low) and any(word in low for word in _LOGINS):
        return True
    if any(word in low for word in _COMMANDS) or where.path.endswith((".key", "passwd", "shadow")):
        return True
    long = b" " + b" ".join(_LONG.findall(data))
    if not long:
        return False
    return any(gate in long for gate in _GATES) or any(decode_text(run.decode()) for run in _BASE64.findall(long))
