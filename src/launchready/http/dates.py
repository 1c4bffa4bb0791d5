"""HTTP-date: strict parsing and one output format (RFC 9110 §5.6.7).

The standard library's e-mail date parser accepts zones, one-digit hours and missing commas that HTTP forbids. A cache
that accepts such dates stores what it must not store. Only letter case is ignored, as in every known cache, because it
never changes the date. All arithmetic is on whole seconds since the epoch.
"""

import re
from calendar import timegm
from datetime import UTC, datetime

_DAYS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = "|".join(_MONTHS)
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TIME = r"(?P<h>\d\d):(?P<m>\d\d):(?P<s>\d\d)"

_IMF = re.compile(rf"(?:{_DAYS}), (?P<d>\d\d) (?P<mon>{_MONTH}) (?P<y>\d{{4}}) {_TIME} GMT", re.ASCII | re.IGNORECASE)
_RFC850 = re.compile(
    rf"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?P<d>\d\d)-(?P<mon>{_MONTH})-(?P<y>\d\d) {_TIME} GMT",
    re.ASCII | re.IGNORECASE,
)
_ASCTIME = re.compile(rf"(?:{_DAYS}) (?P<mon>{_MONTH}) (?P<d>[ \d]\d) {_TIME} (?P<y>\d{{4}})", re.ASCII | re.IGNORECASE)


def parse(value: bytes, *, now: float) -> int | None:
    """Return seconds since the epoch, or None if the value is not an HTTP-date.

    ``now`` decides the century of an obsolete two-digit year: a date more than 50 years ahead is in the past.
    """
    text = value.decode("latin-1").strip(" \t")
    match = _IMF.fullmatch(text) or _RFC850.fullmatch(text) or _ASCTIME.fullmatch(text)
    if match is None:
        return None
    year = int(match["y"])
    if len(match["y"]) == 2:
        this_year = datetime.fromtimestamp(now, UTC).year
        year += this_year - this_year % 100
        if year > this_year + 50:
            year -= 100
    try:
        moment = datetime(
            year, _MONTHS.index(match["mon"].title()) + 1, int(match["d"]), int(match["h"]), int(match["m"]),
            min(int(match["s"]), 59), tzinfo=UTC,  # 60 is a leap second: the grammar allows it, datetime does not
        )  # fmt: skip
    except ValueError:
        return None
    return timegm(moment.timetuple())


def format_date(seconds: float) -> bytes:
    """Return the IMF-fixdate form, the only one that may be sent."""
    moment = datetime.fromtimestamp(int(seconds), UTC)
    return (
        f"{_WEEKDAYS[moment.weekday()]}, {moment.day:02} {_MONTHS[moment.month - 1]} {moment.year:04} "
        f"{moment.hour:02}:{moment.minute:02}:{moment.second:02} GMT"
    ).encode()
