"""``launchready demo``: see :mod:`launchready.demo`."""

from launchready.demo.command import HELP, add_arguments, run

__all__ = ["HELP", "add_arguments", "run"]
