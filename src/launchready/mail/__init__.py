"""Records of e-mail authentication, read and judged: pure, one module a standard."""
