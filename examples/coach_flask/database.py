"""The SQLite file: tables and the sample catalogue."""

import random
import sqlite3
import threading
from datetime import UTC, datetime, timedelta

from coach_flask import settings

TABLES = """
CREATE TABLE IF NOT EXISTS customers (
  id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, password TEXT NOT NULL,
  confirmation TEXT NOT NULL, confirmed INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS coaches (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL, price INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS reviews (coach_id INTEGER NOT NULL REFERENCES coaches, stars INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS slots (
  id INTEGER PRIMARY KEY, coach_id INTEGER NOT NULL REFERENCES coaches, starts_at TEXT NOT NULL);
-- No constraint sells a slot only once. UNIQUE on slot_id would, and is the best fix.
CREATE TABLE IF NOT EXISTS bookings (
  id INTEGER PRIMARY KEY, slot_id INTEGER NOT NULL REFERENCES slots, customer_id INTEGER NOT NULL REFERENCES customers,
  status TEXT NOT NULL DEFAULT 'reserved');
CREATE INDEX IF NOT EXISTS bookings_slot ON bookings (slot_id);
CREATE TABLE IF NOT EXISTS payments (
  id INTEGER PRIMARY KEY, booking_id INTEGER NOT NULL REFERENCES bookings, charge TEXT NOT NULL,
  amount INTEGER NOT NULL);
"""
FIRST_NAMES = ("Ada", "Ben", "Chloe", "Dario", "Elif", "Femi", "Grace", "Hugo", "Ines", "Jonas", "Kaya", "Luca")
CITIES = ("Berlin", "Lisbon", "Leeds", "Lyon", "Oslo", "Turin")


class Connections(threading.local):
    """One connection per thread, in autocommit mode: transactions start with BEGIN."""

    def __init__(self) -> None:
        self.own = sqlite3.connect(settings.DATABASE, timeout=10, isolation_level=None)
        self.own.row_factory = sqlite3.Row
        self.own.execute("PRAGMA synchronous = NORMAL")


connections = Connections()


def execute(sql: str, *values: object) -> sqlite3.Cursor:
    return connections.own.execute(sql, values)


def one(sql: str, *values: object) -> sqlite3.Row | None:
    found: sqlite3.Row | None = execute(sql, *values).fetchone()
    return found


def prepare() -> None:
    """Create missing tables and the catalogue. Every worker calls this at start; the first one does the work."""
    execute("PRAGMA journal_mode = WAL")
    execute("BEGIN IMMEDIATE")
    for statement in TABLES.split(";\n"):
        execute(statement)
    if not one("SELECT 1 FROM coaches"):
        fill(random.Random(7))
    execute("COMMIT")


def fill(dice: random.Random) -> None:
    """24 coaches with 100 reviews and 40 free slots each."""
    monday = datetime(2030, 1, 7, 8, tzinfo=UTC)
    for coach in range(1, 25):
        name = f"{FIRST_NAMES[coach % 12]} {'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[coach]}."
        execute("INSERT INTO coaches VALUES (?, ?, ?, ?)", coach, name, CITIES[coach % 6], 4000 + 250 * coach)
        for _ in range(100):
            execute("INSERT INTO reviews VALUES (?, ?)", coach, dice.choice((3, 4, 5, 5)))
        for n in range(40):
            start = monday + timedelta(days=n // 8, hours=n % 8)
            execute("INSERT INTO slots (coach_id, starts_at) VALUES (?, ?)", coach, start.isoformat())
