"""The video models: what each takes, whether a spec fits it, and how its request is written. Nowhere else."""
