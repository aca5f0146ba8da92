"""Plain frozen values: no I/O, no clock, and nothing that can fail after construction."""
