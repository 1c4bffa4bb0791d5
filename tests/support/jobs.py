"""Jobs that kill their worker, as Celery and RQ run them. JOBS_STORE is the store, JOBS_FOLDER where ledgers stand."""

import os
import signal
from pathlib import Path

from launchready.idempotency import current, idempotent

STORE = os.environ.get("JOBS_STORE", "memory://")
FOLDER = Path(os.environ.get("JOBS_FOLDER", "."))
LEASE = "1500ms"


def note(name, line):
    with (FOLDER / name).open("a") as ledger:
        ledger.write(f"{line}\n")


def noted(name):
    path = FOLDER / name
    return path.read_text().splitlines() if path.exists() else []


def die(order, how):
    """The first time: kill -9 to the process that runs the job, or to its worker as well."""
    if how == "not" or order in noted("deaths"):
        return
    note("deaths", order)
    if how == "worker":
        os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def key(order, *_):
    return f"charge:{order}"


def unprotected(order, how):
    note("effects", order)
    die(order, how)
    return order


@idempotent(key=key, store=STORE, lease=LEASE)
def refusing(order, how):
    note("effects", order)
    die(order, how)
    return order


@idempotent(key=key, store=STORE, lease=LEASE, on_crash="rerun")
def repeating(order, how):
    """The provider knows its key again."""
    charge = current().downstream_key("charge")
    if charge not in noted("provider"):
        note("provider", charge)
        note("effects", order)
    die(order, how)
    return order


def booking(order, how):
    """Its effect is a row, in the database of its key."""
    cursor = current().tx.cursor()
    cursor.execute(f"INSERT INTO booked_by_jobs VALUES ('{order}')")
    cursor.close()
    die(order, how)
    return order


if not STORE.startswith(("memory", "redis")):
    booking = idempotent(key=key, store=STORE, mode="transaction", lease=LEASE)(booking)
