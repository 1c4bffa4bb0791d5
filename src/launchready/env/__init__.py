"""Environments: reads the configuration of a deployment and checks it before launch.

``loaders`` reads dotenv files, the process, Django settings and pydantic-settings models into an ``Environment``.
``find_problems`` lists what is wrong with one; ``compare`` lists how two differ. Values never leave: problems name
variables, and equality is determined with a keyed hash whose key is discarded.
"""

from launchready.env.diff import Comparison, compare
from launchready.env.findings import find_problems
from launchready.env.loaders import Environment, EnvProblem, default_source, read

__all__ = ["Comparison", "EnvProblem", "Environment", "compare", "default_source", "find_problems", "read"]
