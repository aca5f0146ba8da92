"""Slash commands, one module per group, with the pickers and forms that belong to it."""
