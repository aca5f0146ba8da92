"""Untrusted bytes: the address guard, downloads, file types, and the child processes that open files."""
