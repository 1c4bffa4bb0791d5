"""The rules. Rules do not import each other; shared questions are in ``launchready.checks.shared_queries``."""
