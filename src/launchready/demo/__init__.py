"""The demo day: the sample coach app under a real server, played once with launchready and once without.

``launchready demo`` and ``make demo`` run :mod:`launchready.demo.command`. Nothing here is imported by the library.
"""
