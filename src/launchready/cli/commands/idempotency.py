"""``launchready idempotency``: inspect keys, and settle payments of unknown outcome."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from launchready.cli.configuration import load
from launchready.cli.options import write
from launchready.errors import ConfigError

if TYPE_CHECKING:
    from launchready.idempotency.admin import KeyAdmin

HELP = "list idempotency keys, and settle keys of unknown outcome"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    _add_store_arguments(parser)
    parser.set_defaults(format="text")
    also = argparse.ArgumentParser(
        add_help=False, argument_default=argparse.SUPPRESS
    )  # keeps options given before WHAT
    _add_store_arguments(also)
    also.add_argument("-o", "--output", type=Path, metavar="FILE")
    kinds = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    ls = kinds.add_parser("ls", parents=[also], help="list all keys")
    ls.add_argument("--unknown", action="store_true", help="only keys of unknown outcome; exit 1 if there are any")
    show = kinds.add_parser("show", parents=[also], help="show one key, by the beginning of its id or as it was sent")
    show.add_argument("key")
    resolve = kinds.add_parser("resolve", parents=[also], help="settle a key of unknown outcome")
    resolve.add_argument("key")
    how = resolve.add_mutually_exclusive_group(required=True)
    how.add_argument("--done", action="store_true", help="the operation took effect: a retry gets 409 and does not run")
    how.add_argument("--retry", action="store_true", help="the operation had no effect: a retry runs")
    kinds.add_parser("migrate", parents=[also], help="create the tables before the first request")
    kinds.add_parser("sweep", parents=[also], help="delete expired keys")


def _add_store_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that may precede or follow WHAT."""
    parser.add_argument("--store", help="the store's URL; else LAUNCHREADY_STORE, or store in [idempotency]")
    parser.add_argument("--encrypted", action="store_true", help="the app sets Idempotency(encrypt=True)")
    parser.add_argument("--format", choices=("text", "json"))


def run(args: argparse.Namespace) -> int:
    """Run the command. LAUNCHREADY_SECRET_KEY and LAUNCHREADY_SECRET_KEY_FALLBACKS hold the secrets, as for the app."""
    url = args.store or os.environ.get("LAUNCHREADY_STORE") or load().table("idempotency").get("store")
    if not url or url.startswith("memory:"):
        raise ConfigError(["no store; write --store sqlite:///launchready.db, or set LAUNCHREADY_STORE"])
    from launchready.idempotency.admin import KeyAdmin  # noqa: PLC0415 - "--help" must not wait for it

    desk = KeyAdmin(url, encrypt=args.encrypted)
    try:
        return _answer(args, desk)
    finally:
        desk.close()


def _answer(args: argparse.Namespace, desk: "KeyAdmin") -> int:
    from launchready.idempotency.admin import as_json, as_text  # noqa: PLC0415

    shown = as_json if args.format == "json" else as_text
    if args.what == "ls":
        rows = sorted(desk.rows(unknown=args.unknown), key=lambda row: row["age"])
        write(args, shown(rows))
        return 1 if args.unknown and rows else 0
    if args.what == "show":
        rows = [key.row for key in desk.find(args.key)]
        write(args, shown(rows))
        return 0 if rows else 1
    if args.what == "resolve":
        write(args, f"{desk.resolve(args.key, done=args.done)[:12]}: {'done' if args.done else 'free again'}")
    elif args.what == "migrate":
        write(args, "\n".join(f"present: {one}" for one in desk.migrate()))
    else:
        write(args, f"deleted: {desk.sweep()}")
    return 0
