"""HTTP messages as sent on the wire: header pairs, dates, structured fields, problem documents, route patterns."""
