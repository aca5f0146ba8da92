"""Wires the bot together: builds every part, starts them in order, stops them in reverse."""
