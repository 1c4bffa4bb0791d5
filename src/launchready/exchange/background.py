"""Asking the app behind an answer."""

from launchready.exchange.app import Feature
from launchready.exchange.operations import Op
from launchready.http.message import Headers


class Behind(Op[None]):
    """Ask the app once more behind the answer, for nobody: through ``feature`` alone, with these header lines.

    In a context of its own: no scope state, session or task of the request that occasioned it. Nobody waits, and what
    it raises goes to the log.
    """

    __slots__ = ("feature", "headers")

    def __init__(self, feature: Feature, headers: Headers) -> None:
        self.feature = feature
        self.headers = headers
