"""A simulated provider: speaks the provider's HTTP API on loopback, for tests, the demo and the playground.

It is written from the provider's documentation alone and imports nothing of the bot, so that a mistake in the bot
is not repeated here.
"""

from __future__ import annotations

from playground.provider.creation import CHARACTER_MODELS, Submission
from playground.provider.generation import VideoSubmission
from playground.provider.server import SimulatedProvider
from playground.provider.tasks import Task

__all__ = ["CHARACTER_MODELS", "SimulatedProvider", "Submission", "Task", "VideoSubmission"]
