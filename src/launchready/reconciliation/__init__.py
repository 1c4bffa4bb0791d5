"""Reconciliation: compares a payment provider's charges with the app's bookings and its idempotency keys.

::

    from launchready.reconciliation.providers.stripe import Stripe

    report = launchready.reconcile(Stripe(os.environ["STRIPE_SECRET_KEY"]), since="7d", bookings=load_payments)
    for difference in report.differences:
        print(difference.kind, difference.subject, difference.evidence)

``providers`` lists charges, ``bookings`` the app's own rows. ``compare`` finds the differences, and ``unknown_keys``
decides what each key of unknown outcome did. Both are pure. ``run`` reads both sides and can settle proven keys.
"""
