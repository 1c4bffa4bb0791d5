"""One provider a file, found by its name (``standard_webhooks.py`` is ``"standard-webhooks"``).

A file has ``event(request, body)``, the id of the event or None, and ``verify(request, body, secret, now)``, which
answers None where the signature is right, else what is wrong with it. Each is the provider's own published rule.
"""
