"""The group ``/character``: the commands and buttons are in ``cog``, what they need in the modules beside it."""
