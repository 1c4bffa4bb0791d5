"""What everybody may see: the coaches and their slots."""

import logging
import time
from typing import Any

from flask import Blueprint, abort

from coach_flask.database import connection

log = logging.getLogger("coach")
routes = Blueprint("catalogue", __name__, url_prefix="/coaches")
PUBLIC = {"cache-control": "public, max-age=60"}
FRESH = {"cache-control": "no-store"}


@routes.get("")
def coaches() -> tuple[list[dict[str, Any]], dict[str, str]]:
    start = time.perf_counter()
    found = (
        connection()
        .execute("""
        SELECT coaches.*, round(avg(stars), 2) AS rating, count(*) AS reviews
          FROM coaches JOIN reviews ON coach_id = coaches.id GROUP BY coaches.id ORDER BY rating DESC, coaches.id
    """)
        .fetchall()
    )
    log.info("catalogue computed in %.1f ms", 1000 * (time.perf_counter() - start))
    return [dict(coach) for coach in found], PUBLIC


@routes.get("/<int:coach_id>")
def coach(coach_id: int) -> tuple[dict[str, Any], dict[str, str]]:
    found = connection().execute("SELECT * FROM coaches WHERE id = ?", (coach_id,)).fetchone()
    return (dict(found), PUBLIC) if found else abort(404, "no such coach")


@routes.get("/<int:coach_id>/slots")
def slots(coach_id: int) -> tuple[list[dict[str, Any]], dict[str, str]]:
    free = "NOT EXISTS (SELECT 1 FROM bookings WHERE slot_id = slots.id) AS free"
    find = f"SELECT id, starts_at, {free} FROM slots WHERE coach_id = ? ORDER BY starts_at"
    return [{**slot, "free": bool(slot["free"])} for slot in map(dict, connection().execute(find, (coach_id,)))], FRESH
