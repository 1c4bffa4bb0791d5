"""The warning for an app behind a proxy that ``trusted_proxies`` does not name: all customers look like one client."""

import logging
import os
from collections.abc import Mapping

from launchready.http.message import Request

logger = logging.getLogger("launchready")

# The variable by which a platform shows itself, its name, and the setting that fits its routers.
_PLATFORMS = (
    ("RENDER", "Render", "trusted_proxies=1"),
    ("FLY_APP_NAME", "Fly.io", "trusted_proxies=1"),
    ("DYNO", "Heroku", "trusted_proxies=1"),
    ("RAILWAY_ENVIRONMENT", "Railway", "trusted_proxies=1"),
    ("K_SERVICE", "Google Cloud Run", "trusted_proxies=1"),
    ("WEBSITE_SITE_NAME", "Azure App Service", "trusted_proxies=1"),
)


def setting_for(request: Request, environ: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """Where the app runs, as far as it shows, and the ``trusted_proxies`` to write there."""
    cloudflare = request.get(b"cf-ray") is not None
    for variable, name, setting in _PLATFORMS:
        if environ.get(variable):
            return (f"Cloudflare and {name}", "trusted_proxies=2") if cloudflare else (name, setting)
    if cloudflare:
        return "Cloudflare", "trusted_proxies=1"
    peer = request.peer or "a UNIX socket"
    return f"a proxy at {peer}", f'trusted_proxies=["{request.peer}"]' if request.peer else "trusted_proxies=1"


def warn(request: Request) -> None:
    """Log the warning. ``Identity`` calls it once per app."""
    where, setting = setting_for(request)
    logger.warning(
        "this app is behind %s, which trusted_proxies does not name: all customers share one rate limit, and the cache "
        "is bypassed. Write %s, or set LAUNCHREADY_TRUSTED_PROXIES.",
        where,
        setting,
    )
