"""How long a test waits for what has to happen: only a hang takes it, also on a machine with much other work."""

PATIENCE = 60.0  # seconds
