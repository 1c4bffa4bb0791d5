"""Keys of vendors, as data, for redaction and for the secrets scan: what they look like, and what they open.

``formats``: patterns, for finding them in a text. ``catalog``: which vendor's they are, what a thief can do with one,
and how to take it out of service. No code of ours decides anything here, and nothing is imported.
"""
