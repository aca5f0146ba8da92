"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# A shared machine is slow at times: how many examples there are is what counts, not how long one takes. The same
# examples in every run, so that a red build is about the change.
settings.register_profile("castbook", deadline=None, derandomize=True)
settings.load_profile("castbook")
