"""Castbook: a Discord bot that turns a short clip into a reusable video character."""

__version__ = "0.1.0"
