"""Whatever acts on the network: one adapter each for DNS, HTTP, TLS and RDAP. Third-party packages load on first use."""
