"""The child process that opens untrusted files. It imports only the lowest layer."""
