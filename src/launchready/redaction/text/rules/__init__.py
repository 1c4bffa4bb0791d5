"""The rules as data: what is secret or personal in a log, by key, by format, and by the words around it.

- ``fields``: key names (``password``, ``reset_token``), in JSON, a query, a header or a local variable;
- ``phrases``: words that announce a value in prose ("your code is"), and words that only look like a value;
- ``numbers``: issuer ranges of cards (ISO/IEC 7812) and lengths of IBANs (ISO 13616).

Formats that name their vendor (``sk_live_``, ``AKIA``) are in ``launchready.vendors``, shared with the secrets scan.
"""
