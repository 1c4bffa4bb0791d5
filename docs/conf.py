"""The documentation: Markdown, read by MyST. Build: sphinx-build -W -b html docs docs/_build."""

project = "launchready"
author = "The launchready authors"
copyright = "2026, The launchready authors"  # noqa: A001 - Sphinx's own name for it
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
html_theme = "alabaster"
myst_heading_anchors = 2
