"""Environments: what a deployment needs to be told."""
