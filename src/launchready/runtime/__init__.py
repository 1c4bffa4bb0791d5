"""Drivers carry operations out and bring the answers back. One sync, one async; what they share is the chain."""
