"""One file a rule. Rules do not import each other; what several need stands in ``launchready.checks.facts``."""
