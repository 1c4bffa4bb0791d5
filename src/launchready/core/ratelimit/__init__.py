"""Rate limit: never more than N in any window of length W, per client and route.

What a refusal says: status 429 (RFC 6585 §4), ``Retry-After``, the fields of draft-ietf-httpapi-ratelimit-headers-11,
and a problem document of the type registered for it. Who is counted together is said by a :class:`Policy`; what a
request meets, in which order, and what is given back afterwards, by :class:`RateLimit`.
"""

from launchready.core.ratelimit.bans import BanRecord, Bans
from launchready.core.ratelimit.limiter import RateLimit
from launchready.core.ratelimit.login_guard import Guard
from launchready.core.ratelimit.policy import IdentifyClient, LimitPolicy

__all__ = ["BanRecord", "Bans", "Guard", "IdentifyClient", "LimitPolicy", "RateLimit"]
