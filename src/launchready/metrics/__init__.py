"""What is counted and measured, in this process."""
