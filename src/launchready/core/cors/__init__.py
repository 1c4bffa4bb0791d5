"""CORS, strictly (Fetch §3.2), and the refusal on the server that CORS alone does not make.

CORS tells a browser which pages may *read* an answer. It does not stop another page's form from *posting*: so an
unsafe request that a browser marks as cross-site, from an origin that is not allowed, is refused here before anything
runs (the same rule as Go's CrossOriginProtection; no token needed). A client that is no browser sends neither
``Sec-Fetch-Site`` nor ``Origin`` and passes: native apps and webhooks are not concerned.

What a response carries is decided by the policy alone. Whatever the app itself set of the CORS fields is removed, so
that there is one ``Access-Control-Allow-Origin`` and it is never a reflection of an origin that is not listed.
"""

from launchready.core.cors.explain import CORSVerdict, why
from launchready.core.cors.handler import Cors
from launchready.core.cors.policy import OWNED, CORSPolicy

__all__ = ["OWNED", "CORSPolicy", "CORSVerdict", "Cors", "why"]
