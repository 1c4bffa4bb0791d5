"""The rule set, as data: what is secret or personal in a log, by key, by format, by words around it.

One file a family, and no code in any of them:

- ``fields``: names of keys (``password``, ``reset_token``), whatever carries them: JSON, a query, a header, a local;
- ``phrases``: words that announce a value in prose ("your code is"), and the words that look like it and are not;
- ``numbers``: issuer ranges of cards (ISO/IEC 7812) and the lengths of IBANs (ISO 13616).

Formats that name their owner (``sk_live_``, ``AKIA``) stand in ``launchready.vendors``, shared with the secrets scan.
"""
