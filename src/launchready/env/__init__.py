"""Environments: what a deployment is told from outside, read from where it is told, and looked at before launch.

``sources`` reads dotenv files, the process, Django settings and pydantic-settings models into an ``Environment``;
``examined`` says what is wrong with one, ``compared`` how two differ. Values never leave: troubles name variables, and
equality is told by a keyed hash of the moment.
"""

from launchready.env.diff import Comparison, compare
from launchready.env.findings import find_problems
from launchready.env.loaders import Environment, EnvProblem, default_source, read

__all__ = ["Comparison", "EnvProblem", "Environment", "compare", "default_source", "find_problems", "read"]
