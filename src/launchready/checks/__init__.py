"""Launch checks: rules that yield network operations and return findings, and the engine that answers them."""
