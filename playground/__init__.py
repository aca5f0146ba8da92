"""Castbook without accounts: a simulated provider and a simulated Discord."""
