"""Bytes that others made: the address guard, the download, what a file claims to be."""
