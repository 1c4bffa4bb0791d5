"""The scenes of the day, one file each: what is tried, what was seen, and what was promised."""
