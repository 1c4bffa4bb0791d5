"""The demo: the sample coach app behind a real server, run once with launchready and once without.

``launchready demo`` and ``make demo`` run :mod:`launchready.demo.command`. The library imports nothing from here.
"""
