"""Django's settings. Values that differ between laptop, staging and production come from the environment."""

import os

PUBLIC_URL = os.environ.get("COACH_PUBLIC_URL", "http://localhost:8000")
WEB_APP = os.environ.get("COACH_WEB_APP", "https://app.coach.example")  # origin of the web app
PROVIDER = os.environ.get("COACH_PROVIDER", "http://localhost:8001")  # the payment provider
PROVIDER_KEY = os.environ.get("COACH_PROVIDER_KEY", "")
WEBHOOK_SECRET = os.environ.get("STRIPE_WEBHOOK_SECRET", "")

SECRET_KEY = os.environ.get("COACH_SECRET_KEY", "for the laptop only")
ALLOWED_HOSTS = os.environ.get("COACH_HOSTS", "localhost,127.0.0.1").split(",")
ROOT_URLCONF = "coach.urls"
WSGI_APPLICATION = "coach.wsgi.application"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "coach"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
APPEND_SLASH = False
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("COACH_DATABASE", "coach.db"),
        "OPTIONS": {"timeout": 10, "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL"},
    }
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
SESSION_COOKIE_NAME = "session"
SESSION_COOKIE_SECURE = PUBLIC_URL.startswith("https")

EMAIL_HOST, _, EMAIL_PORT = os.environ.get("COACH_SMTP", "localhost:1025").partition(":")
DEFAULT_FROM_EMAIL = "Coach <hello@coach.example>"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"coach": {"level": "DEBUG"}},
}

# COACH_PROTECTED=1 adds launchready.
PROTECTED = os.environ.get("COACH_PROTECTED") == "1"
STORE = os.environ.get("COACH_STORE", "sqlite:///launchready.db")
if PROTECTED:
    MIDDLEWARE = ["launchready.django.LaunchReadyMiddleware", *MIDDLEWARE]
    INSTALLED_APPS += ["launchready.django"]
    LAUNCHREADY = {
        "STORE": STORE,
        "CORS": {
            "allow_origins": [WEB_APP],
            "allow_headers": ["authorization", "content-type", "idempotency-key"],
            "allow_credentials": True,
        },
        "RATE_LIMIT": {"default": "600/minute", "routes": {"POST /login": "5/minute"}},
        "CACHE": {},
        "IDEMPOTENCY": {"lease": os.environ.get("COACH_LEASE", "60s")},
    }
else:
    MIDDLEWARE = ["coach.before.AllowEverything", *MIDDLEWARE]
