"""Amounts in minor units, by the decimals of each currency (ISO 4217)."""

from decimal import Decimal, InvalidOperation

_NO_DECIMALS = frozenset(
    ["bif", "clp", "djf", "gnf", "isk", "jpy", "kmf", "krw", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"]
)
_THREE_DECIMALS = frozenset(["bhd", "iqd", "jod", "kwd", "lyd", "omr", "tnd"])


def decimals(currency: str) -> int:
    """Digits after the decimal point."""
    code = currency.lower()
    return 0 if code in _NO_DECIMALS else 3 if code in _THREE_DECIMALS else 2


def minor_units(value: object, currency: str, where: str) -> int:
    """An int is in minor units already; a Decimal or text is in major units ("42.50"). Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Decimal | str):
        try:
            scaled = Decimal(value).scaleb(decimals(currency))
        except InvalidOperation:
            raise ValueError(f"{where}: {value!r} is not an amount") from None
        if scaled.is_finite() and scaled == scaled.to_integral_value():
            return int(scaled)
        raise ValueError(f"{where}: {value!r} has more decimals than {currency.upper()}")
    raise ValueError(f"{where}: {value!r} is not an amount; write cents as an integer, or a Decimal")


def show(amount: int, currency: str) -> str:
    """``42.50 EUR``."""
    return f"{Decimal(amount).scaleb(-decimals(currency)):.{decimals(currency)}f} {currency.upper()}"
