"""A test certificate authority, and the certificates that the sample domain's hosts show."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme


class Certificates:
    """``issue`` certificates by host; ``context`` is a server's TLS context that shows each host its own (SNI).

    ``ca_file``: what a client has to trust.
    """

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA(organization_name="Demo authority")
        self.ca_file = str(folder / "demo-ca.pem")
        self.authority.cert_pem.write_to_path(self.ca_file)
        self._by_host: dict[str, ssl.SSLContext] = {}

    def issue(self, host: str, *, names: tuple[str, ...] = (), days: int = 60) -> None:
        """A certificate that ``host`` shows, for itself or for other ``names``, good for so many days."""
        now = datetime.now(UTC)
        certificate = self.authority.issue_cert(
            *(names or (host,)),
            not_before=now - timedelta(days=30),
            not_after=now + timedelta(days=days, hours=1),
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        self._by_host[host] = context

    def context(self) -> ssl.SSLContext:
        """Needs at least one certificate; a client that names no host, or an unknown one, is shown the first."""
        first = next(iter(self._by_host.values()))

        def choose(connection: ssl.SSLObject | ssl.SSLSocket, host: str | None, _: ssl.SSLContext) -> None:
            connection.context = self._by_host.get(host or "", first)

        door = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert("unused.invalid").configure_cert(door)
        door.sni_callback = choose
        return door
