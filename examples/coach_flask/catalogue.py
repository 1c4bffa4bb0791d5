"""The public catalogue: coaches and their slots."""

import logging
import time
from typing import Any

from flask import Blueprint, abort

from coach_flask.database import execute, one

log = logging.getLogger("coach")
routes = Blueprint("catalogue", __name__, url_prefix="/coaches")
PUBLIC = {"cache-control": "public, max-age=60"}
FRESH = {"cache-control": "no-store"}


@routes.get("")
def coaches() -> tuple[list[dict[str, Any]], dict[str, str]]:
    start = time.perf_counter()
    found = execute("""
        SELECT coaches.*, round(avg(stars), 2) AS rating, count(*) AS reviews
          FROM coaches JOIN reviews ON coach_id = coaches.id GROUP BY coaches.id ORDER BY rating DESC, coaches.id
    """)
    rows = [dict(coach) for coach in found]
    log.info("catalogue computed in %.1f ms", 1000 * (time.perf_counter() - start))
    return rows, PUBLIC


@routes.get("/<int:coach_id>")
def coach(coach_id: int) -> tuple[dict[str, Any], dict[str, str]]:
    found = one("SELECT * FROM coaches WHERE id = ?", coach_id)
    return (dict(found), PUBLIC) if found else abort(404, "no such coach")


@routes.get("/<int:coach_id>/slots")
def slots(coach_id: int) -> tuple[list[dict[str, Any]], dict[str, str]]:
    free = "NOT EXISTS (SELECT 1 FROM bookings WHERE slot_id = slots.id) AS free"
    found = execute(f"SELECT id, starts_at, {free} FROM slots WHERE coach_id = ? ORDER BY starts_at", coach_id)
    return [{**slot, "free": bool(slot["free"])} for slot in map(dict, found)], FRESH
