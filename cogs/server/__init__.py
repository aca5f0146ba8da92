"""The group ``/server``: the command and its first page are in ``cog``, the second page in ``roles``."""
