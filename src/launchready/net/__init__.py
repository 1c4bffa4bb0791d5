"""Whatever acts on the network: one adapter each for DNS, HTTP, TLS and RDAP. What they need loads on first use."""
