"""Every rule there is: whatever stands in the folder ``rules``."""

import functools
import importlib
import pkgutil

from launchready.checks import rules as folder
from launchready.checks.rule import Rule


@functools.cache
def rules() -> tuple[Rule, ...]:
    """Every rule of the folder, by code."""
    found: dict[str, Rule] = {}
    for module in pkgutil.iter_modules(folder.__path__):
        for value in vars(importlib.import_module(f"{folder.__name__}.{module.name}")).values():
            if isinstance(value, Rule) and found.setdefault(value.code, value) is not value:
                raise RuntimeError(f"two rules have the code {value.code}")
    return tuple(found[code] for code in sorted(found))
