"""Read a whole request body under WSGI (PEP 3333), and put it back for the app."""

from io import BytesIO
from typing import Any

from launchready.exchange.app import BodyCutShort, BodyTooLarge
from launchready.http.recorded_input import RecordedInput
from launchready.runtime.bodies.spool import CHUNK, IN_MEMORY, BodyRecorder, Spool


def is_chunked(environ: dict[str, Any]) -> bool:
    """Whether only reading shows where the body ends. Raises BodyCutShort if the server cannot tell."""
    if environ.get("CONTENT_LENGTH"):
        return False
    if environ.get("wsgi.input_terminated", False):
        return True
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        raise BodyCutShort
    return False


def read_body(environ: dict[str, Any], kept: BodyRecorder, limit: int) -> bytes | Spool:
    """Return the body. ``kept`` holds the part that the app has already read.

    - Raises BodyTooLarge if the body is larger than ``limit``, or than the recorded part may be.
    - Raises BodyCutShort if fewer bytes arrive than Content-Length announces; gunicorn delivers such bodies.
    - Raises BodyCutShort for a chunked body without ``wsgi.input_terminated``. Its end is unknown, so all such bodies
      would have the same fingerprint.
    """
    length = environ.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal():
        raise BodyCutShort
    announced = int(length)
    chunked = is_chunked(environ)
    if announced > limit:
        raise BodyTooLarge
    source = environ["wsgi.input"]
    if isinstance(source, RecordedInput):
        source = source.source
    given = kept.size
    if not given and not chunked and announced <= IN_MEMORY:  # most bodies: one read
        data: bytes = source.read(announced)
        if len(data) == announced:
            environ["wsgi.input"] = BytesIO(data)
            return data
        kept.add(data)
    size = limit + 1 if chunked else announced
    while kept.size < size and (data := source.read(min(CHUNK, size - kept.size))):
        kept.add(data)
    if kept.size > min(limit, kept.bound):
        raise BodyTooLarge
    if not chunked and kept.size < announced:
        raise BodyCutShort
    environ["wsgi.input"] = kept.reader(given)
    if chunked:
        environ["CONTENT_LENGTH"] = str(kept.size)
    return kept.content()
