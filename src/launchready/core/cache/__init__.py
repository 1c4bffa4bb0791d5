"""A shared HTTP cache inside the app (RFC 9111), for what the app itself says may be shared.

One file an idea, in the order in which a request meets them:

- ``asking``: what a request asks of the cache; ``selection``: which stored answer it selects; ``using``: whether that
  answers it; ``conditional``: with 304 or a part; ``validating``: asking the app whether it still holds;
- ``storing``: whether an answer may be stored: ``directives``, ``targeted``, ``freshness``, ``policy``; ``stored``: as
  what; ``keeping``: putting it past everything that may have happened meanwhile; ``updating``: by 304 and HEAD;
- ``invalidation``: by a change; ``purging``: by path, tag or group; ``status``, ``counting``: saying what happened;
- ``feature``: the story of one request; ``setup``: what all of them share.
"""

from launchready.core.cache.feature import CacheFeature
from launchready.core.cache.profiles import PROFILES, is_private_path
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
