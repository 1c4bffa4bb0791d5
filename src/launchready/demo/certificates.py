"""A test certificate authority, and the certificates of the sample domain's hosts."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme


class Certificates:
    """Issues certificates by host. ``context`` is a TLS server context that selects the certificate by SNI.

    ``ca_file``: the authority's certificate, which clients have to trust.
    """

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA(organization_name="Demo authority")
        self.ca_file = str(folder / "demo-ca.pem")
        self.authority.cert_pem.write_to_path(self.ca_file)
        self._by_host: dict[str, ssl.SSLContext] = {}

    def issue(self, host: str, *, names: tuple[str, ...] = (), days: int = 60) -> None:
        """Issue the certificate of ``host``, valid for ``names`` (default: the host itself) and for ``days``."""
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
        """Return the server context. It needs at least one certificate, and uses the first for a client without SNI."""
        first = next(iter(self._by_host.values()))

        def choose(connection: ssl.SSLObject | ssl.SSLSocket, host: str | None, _: ssl.SSLContext) -> None:
            connection.context = self._by_host.get(host or "", first)

        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert("unused.invalid").configure_cert(server)
        server.sni_callback = choose
        return server
