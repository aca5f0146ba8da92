"""The video models: what each accepts, whether a spec fits it, and how its request is written."""
