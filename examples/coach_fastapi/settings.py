"""Settings that differ between laptop, staging and production, read from the environment once."""

import os

DATABASE = os.environ.get("COACH_DATABASE", "coach.db")
PUBLIC_URL = os.environ.get("COACH_PUBLIC_URL", "http://localhost:8000")
WEB_APP = os.environ.get("COACH_WEB_APP", "https://app.coach.example")  # origin of the web app
PROVIDER = os.environ.get("COACH_PROVIDER", "http://localhost:8001")  # the payment provider
PROVIDER_KEY = os.environ.get("COACH_PROVIDER_KEY", "")
WEBHOOK_SECRET = os.environ.get("STRIPE_WEBHOOK_SECRET", "")
SMTP = os.environ.get("COACH_SMTP", "localhost:1025")
PASSWORD_COST = int(os.environ.get("COACH_PASSWORD_COST", str(2**14)))  # scrypt's n

# COACH_PROTECTED=1 adds launchready. `launchready demo` runs the same customers against both variants.
PROTECTED = os.environ.get("COACH_PROTECTED") == "1"
STORE = os.environ.get("COACH_STORE", "sqlite:///launchready.db")
LEASE = os.environ.get("COACH_LEASE", "60s")  # time without a renewal after which a key's outcome counts as unknown
