"""Slash commands: a module or package for each group, with its forms and the answers to its buttons."""
