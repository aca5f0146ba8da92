"""Everything that opens a file of somebody else's, in a process of its own: imports the lowest layer only."""
