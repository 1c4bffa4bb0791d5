"""One file a format, each with ``render(report) -> str``."""
