"""The whole bot: built, started in order, stopped in reverse; the only place that knows every part."""
