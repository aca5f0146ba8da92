"""The groups ``/character`` and ``/group``: :mod:`cogs` says in which module each command is.

``cog`` puts the parts of ``/character`` together; ``lookup`` finds the characters that options name, and ``edit_form``
is the form of ``/character edit``.
"""
