"""What differs between a laptop, staging and production, read from the environment once."""

import os

DATABASE = os.environ.get("COACH_DATABASE", "coach.db")
PUBLIC_URL = os.environ.get("COACH_PUBLIC_URL", "http://localhost:8000")
WEB_APP = os.environ.get("COACH_WEB_APP", "https://app.coach.example")  # the web app's origin, allowed to call us
PROVIDER = os.environ.get("COACH_PROVIDER", "http://localhost:8001")  # the payment provider
PROVIDER_KEY = os.environ.get("COACH_PROVIDER_KEY", "")
WEBHOOK_SECRET = os.environ.get("STRIPE_WEBHOOK_SECRET", "")
SMTP = os.environ.get("COACH_SMTP", "localhost:1025")
PASSWORD_COST = int(os.environ.get("COACH_PASSWORD_COST", str(2**14)))  # scrypt's n

# With COACH_PROTECTED=1 the app is built with launchready. Without, it is the app as it was before: `launchready demo`
# plays the same day against both.
PROTECTED = os.environ.get("COACH_PROTECTED") == "1"
STORE = os.environ.get("COACH_STORE", "sqlite:///launchready.db")
LEASE = os.environ.get("COACH_LEASE", "60s")  # how long a request may be silent before its outcome counts as unknown
