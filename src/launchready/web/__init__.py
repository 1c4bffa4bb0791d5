"""Headers and certificates of the web, read and judged: pure, one module a standard."""
