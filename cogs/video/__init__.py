"""The group ``/video``: making is in ``making``, what opens as one types in ``choices``; ``cog`` has the whole."""
