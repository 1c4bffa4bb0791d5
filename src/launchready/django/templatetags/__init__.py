"""``{% load launchready %}``."""
