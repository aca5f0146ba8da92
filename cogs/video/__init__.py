"""The group ``/video``: ``making``, ``listing``, and in ``choices`` what opens as one types; ``cog`` has the whole."""
