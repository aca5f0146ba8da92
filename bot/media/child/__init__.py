"""The child process that opens untrusted files. It imports the lowest layer only."""
