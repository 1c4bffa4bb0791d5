"""Payment providers, one per file. The file's name is the provider's name on the command line.

A provider file defines ``HELP``, ``add_arguments(parser)`` and ``from_arguments(args) -> Provider``.
"""

import pkgutil
from importlib import import_module
from types import ModuleType


def names() -> list[str]:
    """The providers in this folder."""
    return [module.name for module in pkgutil.iter_modules(__path__)]


def load(name: str) -> ModuleType:
    return import_module(f"{__name__}.{name}")
