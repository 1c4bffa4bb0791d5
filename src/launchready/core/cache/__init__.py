"""A shared HTTP cache inside the app (RFC 9111).

The modules, in the order in which a request meets them:

- ``request_directives`` reads the request; ``cache_key`` and ``no_vary_search`` build its key; ``lookup`` fetches the
  stored response; ``reuse`` decides whether it answers the request, ``conditional_requests`` whether with 304 or 206;
  ``validation`` asks the app whether it is still current.
- ``storability`` decides whether a response is stored, with ``cache_control``, ``targeted_cache_control``,
  ``freshness`` and ``profiles``; ``stored_response`` is the entry; ``store_response`` writes it.
- ``invalidation`` follows unsafe requests; ``purge`` works by path, tag or group.
- ``cache_status`` and ``route_counters`` report what happened; ``suggestions`` names what could be cached.
- ``feature`` is the flow of one request; ``shared_state`` holds what all of them share.
"""

from launchready.core.cache.feature import CacheFeature
from launchready.core.cache.private_paths import is_private_path
from launchready.core.cache.profiles import PROFILES
from launchready.core.cache.purge import by_path, by_tag
from launchready.core.cache.purge import purge as purge_names
from launchready.core.cache.shared_state import CacheState
from launchready.core.cache.storability import Storability
from launchready.core.cache.stored_response import StoredResponse, dump, load, size, unreadable

__all__ = [
    "PROFILES",
    "CacheFeature",
    "CacheState",
    "Storability",
    "StoredResponse",
    "by_path",
    "by_tag",
    "dump",
    "is_private_path",
    "load",
    "purge_names",
    "size",
    "unreadable",
]  # fmt: skip
