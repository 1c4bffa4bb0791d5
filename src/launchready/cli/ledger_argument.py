"""Locates the measurements for commands that read them: ``--store``, ``--file``, or LAUNCHREADY_STORE."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from launchready.errors import ConfigError

if TYPE_CHECKING:
    from launchready.metrics.collector import MetricsCollector
    from launchready.metrics.report import Target


def add_ledger_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", help="the app's store URL, unless LAUNCHREADY_STORE is set")
    parser.add_argument("--file", type=Path, help="the file of the measurements, if the app sets Timing(file=...)")


def keeper_of(args: argparse.Namespace) -> "MetricsCollector":
    """Open the measurements. Raises ConfigError if their file does not exist."""
    from launchready.metrics.collector import MetricsCollector  # noqa: PLC0415 - "--help" must not wait for it
    from launchready.metrics.ledger_path import default_path  # noqa: PLC0415
    from launchready.metrics.timing import Timings  # noqa: PLC0415

    store = args.store or os.environ.get("LAUNCHREADY_STORE") or "memory://"
    path = args.file or default_path(store)
    if path is None:
        raise ConfigError(
            ["no file: with a memory:// store each process keeps its own measurements; set LAUNCHREADY_STORE"]
        )
    if not path.exists():
        raise ConfigError([f"{path} does not exist: run this in the app's folder, after the app has served a request"])
    return MetricsCollector(Timings("unknown"), path)


def targets_of(pairs: list[list[str]]) -> "Target":
    from launchready.settings.problems import Problems  # noqa: PLC0415 - "--help" must not wait for it
    from launchready.settings.timing import Timing, compile_targets  # noqa: PLC0415

    problems = Problems()
    table = compile_targets(problems, Timing(targets=dict(pairs)))
    problems.raise_if_any()
    return lambda method, route: table.find(method, route, None)
