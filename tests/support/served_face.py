"""The sample app of the parity table behind one face, for a real server: ``FACE`` in the environment names it."""

import os

from faces.apps import FACES, Calls
from faces.test_parity import APP
from launchready.settings.cache import Cache
from launchready.settings.cors import CORS
from launchready.settings.idempotency import Idempotency

_served = FACES[os.environ["FACE"]](Calls())(
    cors=CORS(allow_origins=[APP]),
    cache=Cache(),
    idempotency=Idempotency(routes=("POST /bookings", "POST /boom", "POST /breaks")),
)
if hasattr(_served, "enable"):  # Django's settings are the process's
    _served.enable()
app = _served.app
