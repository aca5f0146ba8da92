"""The group ``/video``: ``cog`` has every command with its options, and calls ``creation`` or ``listing``.

``choices`` contains the autocompletes.
"""
