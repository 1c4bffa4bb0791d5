"""The runtime executes the operations that features yield: one sync driver, one async driver, one shared pipeline."""
