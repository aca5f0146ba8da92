"""Plain frozen values: no I/O, no clock, nothing that can fail later than its construction."""
