"""HTTP messages as they stand on the wire: pairs of bytes, dates, structured fields, problem documents, routes."""
