"""Everything that uses the network: one module each for DNS, HTTP, TLS, SMTP and RDAP. Libraries load on first use."""
