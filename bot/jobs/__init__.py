"""Durable work: the runner, and one module per kind of job."""
