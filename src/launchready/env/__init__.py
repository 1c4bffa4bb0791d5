"""Environments: what a deployment is told from outside, read from where it is told, and looked at before launch.

``sources`` reads dotenv files, the process, Django settings and pydantic-settings models into an ``Environment``;
``examined`` says what is wrong with one, ``compared`` how two differ. Values never leave: troubles name variables, and
equality is told by a keyed hash of the moment.
"""

from launchready.env.diff import Comparison, compared
from launchready.env.findings import examined
from launchready.env.loaders import Environment, Trouble, read, usual

__all__ = ["Comparison", "Environment", "Trouble", "compared", "examined", "read", "usual"]
