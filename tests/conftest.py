"""Stands here so that pytest puts tests/ on the path: ``from support.servers import ...`` works in every folder."""
