# ruff: noqa: RUF012 - the form of Django's own migrations
"""The sample catalogue: 24 coaches with 100 reviews and 40 free slots each."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import migrations

FIRST_NAMES = ("Ada", "Ben", "Chloe", "Dario", "Elif", "Femi", "Grace", "Hugo", "Ines", "Jonas", "Kaya", "Luca")
CITIES = ("Berlin", "Lisbon", "Leeds", "Lyon", "Oslo", "Turin")


def fill(apps: Any, _: object) -> None:
    tables = (apps.get_model("coach", name) for name in ("Coach", "Review", "Slot"))
    coach_table, review_table, slot_table = tables
    dice = random.Random(7)
    monday = datetime(2030, 1, 7, 8, tzinfo=UTC)
    for number in range(1, 25):
        name = f"{FIRST_NAMES[number % 12]} {'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[number]}."
        coach = coach_table.objects.create(name=name, city=CITIES[number % 6], price=2000 + 250 * number)
        stars = [dice.choice((3, 4, 5, 5)) for _ in range(100)]
        review_table.objects.bulk_create(review_table(coach=coach, stars=star) for star in stars)
        starts = [monday + timedelta(days=n // 8, hours=n % 8) for n in range(40)]
        slot_table.objects.bulk_create(slot_table(coach=coach, starts_at=start) for start in starts)


class Migration(migrations.Migration):
    dependencies = [("coach", "0001_tables")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
