"""Settings: one frozen dataclass a feature, checked together and compiled once, when the app is built.

A dataclass accepts whatever it is given; ``check`` collects every mistake of every feature, and
:func:`launchready.settings.build.build` raises them in one ConfigError. ``core`` holds the features that settings
compile into.
"""
