"""Measurements of this process: durations, events, jobs, and their ledger."""
