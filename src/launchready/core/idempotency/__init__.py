"""Idempotency keys: one execution per key, one answer, and never a second execution by guessing.

The states of a key, and the only transitions::

    (free) --claim--> running --answer--> done
       ^               |   ^
       |               |   +-- seize --- running, and not kept alive for a lease: its process died, or stands still
       +--- release ---+       only with on_crash="rerun" or a callable; by default nobody takes it over

    running, kept alive                409 in-flight: ask again
    running, not kept alive            409 outcome-unknown: what it did is not known, so it is *not* run again
    done                               the stored answer, with Idempotent-Replayed: true
    release                            SafeToRetry, or a 5xx with on_error="release": the handler's word that nothing
                                       happened

A claim is one PutIfAbsent, the answer one Settle of exactly that claim: its version is the fence, and whoever comes
late to a claim that is no longer his can neither store his answer nor have it believed. Errors are answers: a 500 may
have charged a card, so it is stored and replayed like any other (as Stripe does), until the key expires.

Header and refusals: draft-ietf-httpapi-idempotency-key-header-07. The key is a Structured Fields String; clients in
the field send it bare, and ``"abc"`` and ``abc`` are one key. What is stored is named by a digest of scope and key:
raw keys, users and bodies are never stored.
"""

from launchready.core.idempotency import refusals as refusals
from launchready.core.idempotency.feature import Idempotency as Idempotency
from launchready.core.idempotency.flow import IdempotencyFlow as IdempotencyFlow
from launchready.core.idempotency.key_context import KeyContext as KeyContext
from launchready.core.idempotency.keys import HEADER as HEADER
from launchready.core.idempotency.keys import DerivedKey as DerivedKey
from launchready.core.idempotency.keys import IssuedKey as IssuedKey
from launchready.core.idempotency.keys import fingerprint as fingerprint
from launchready.core.idempotency.keys import lookup_key as lookup_key
from launchready.core.idempotency.keys import parse_key as parse_key
from launchready.core.idempotency.record import CLAIMS as CLAIMS
from launchready.core.idempotency.record import REPLAYED as REPLAYED
from launchready.core.idempotency.record import ClaimRecord as ClaimRecord
from launchready.core.idempotency.record import claims as claims
from launchready.core.idempotency.record import dump as dump
from launchready.core.idempotency.record import load as load
from launchready.core.idempotency.route_policy import NO_RELEASE as NO_RELEASE
from launchready.core.idempotency.route_policy import Counters as Counters
from launchready.core.idempotency.route_policy import KeyFinder as KeyFinder
from launchready.core.idempotency.route_policy import RoutePolicy as RoutePolicy
from launchready.core.idempotency.route_policy import rerun as rerun
