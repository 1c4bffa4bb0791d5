"""What the middleware decides, one feature a file, without I/O, without a clock, without knowing one another."""
