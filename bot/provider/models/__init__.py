"""The video models: what each takes, whether a wish fits it, and how it is told. Nothing of that stands elsewhere."""
