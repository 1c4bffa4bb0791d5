"""The rules of the package: every ``Rule`` that a module of the folder ``rules`` defines, alone or in a tuple."""

import functools
import importlib
import pkgutil

from launchready.checks import rules as folder
from launchready.checks.rule import Rule


@functools.cache
def rules() -> tuple[Rule, ...]:
    """Every rule, sorted by code. RuntimeError when two rules have one code."""
    found: dict[str, Rule] = {}
    for module in pkgutil.iter_modules(folder.__path__):
        for value in vars(importlib.import_module(f"{folder.__name__}.{module.name}")).values():
            for one in value if isinstance(value, tuple) else (value,):
                if isinstance(one, Rule) and found.setdefault(one.code, one) is not one:
                    raise RuntimeError(f"two rules have the code {one.code}")
    return tuple(found[code] for code in sorted(found))
