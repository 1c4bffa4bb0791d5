"""``launchready reconcile stripe --since 7d``: compare charges with bookings and idempotency keys."""

import argparse
import os
from typing import Any

from launchready.cli.configuration import load
from launchready.cli.options import write
from launchready.errors import ConfigError

HELP = "compare the payment provider's charges with bookings and idempotency keys, and settle unknown outcomes"
OPTIONS = ("since", "bookings", "database", "reference", "store", "steps", "quiet")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from launchready.reconciliation import providers  # noqa: PLC0415 - "--help" of other commands must not wait for it

    kinds = parser.add_subparsers(dest="provider", required=True, metavar="PROVIDER")
    for name in providers.names():
        module = providers.load(name)
        own = kinds.add_parser(name.replace("_", "-"), help=module.HELP, description=module.HELP)
        own.set_defaults(provider_module=module)
        _add_common(own)
        module.add_arguments(own)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", metavar="TIME", help="length of the period, up to now (7d)")
    parser.add_argument("--bookings", metavar="SQL", help="query of the app's payments: SELECT ... AS reference, "
                        "amount, currency, charge, created; :since and :until are the period")  # fmt: skip
    parser.add_argument("--database", metavar="URL", help="the app's database; default DATABASE_URL")
    parser.add_argument("--reference", metavar="FIELD", help="metadata field with the booking's reference (booking_id)")
    parser.add_argument("--store", metavar="URL", help="the app's store; default LAUNCHREADY_STORE")
    parser.add_argument("--encrypted", action="store_true", help="the app sets Idempotency(encrypt=True)")
    parser.add_argument("--steps", nargs="+", metavar="STEP", help="names that the app gives to downstream_key(STEP)")
    parser.add_argument("--quiet-period", dest="quiet_period", metavar="TIME",
                        help="charges, bookings and keys younger than this are not judged (15m)")  # fmt: skip
    parser.add_argument(
        "--settle", action="store_true", help="settle keys with a proven outcome; the default only reads"
    )
    parser.add_argument("--format", choices=("text", "json"), default=argparse.SUPPRESS)
    parser.add_argument("-o", "--output", metavar="FILE", default=argparse.SUPPRESS, type=_path)
    parser.add_argument("--fail-on", choices=("48h", "any", "never"), default=argparse.SUPPRESS)


def _path(text: str) -> Any:
    from pathlib import Path  # noqa: PLC0415

    return Path(text)


def run(args: argparse.Namespace) -> int:
    from launchready.reconciliation.run import reconcile  # noqa: PLC0415 - "--help" must not wait for it

    report = reconcile(args.provider_module.from_arguments(args), **options(args))
    if args.format not in {"text", "json"}:
        raise ConfigError([f"reconcile: no format {args.format!r}; write text or json"])
    write(args, report.to_json() if args.format == "json" else report.to_text())
    return 0 if args.fail_on == "never" and report.exit_code == 1 else report.exit_code


def options(args: argparse.Namespace) -> dict[str, Any]:
    """Options of the arguments, else of ``[reconcile]`` in launchready.toml."""
    table = load().table("reconcile", OPTIONS)
    database = args.database or table.get("database") or os.environ.get("DATABASE_URL")
    chosen = {
        "since": args.since or table.get("since"),
        "bookings": args.bookings or table.get("bookings"),
        "database": database,
        "reference": args.reference or table.get("reference"),
        "store": args.store or table.get("store"),
        "steps": args.steps or table.get("steps"),
        "quiet": args.quiet_period or table.get("quiet"),
    }
    return {name: value for name, value in chosen.items() if value is not None} | {
        "settle": args.settle,
        "encrypt": args.encrypted,
    }
