"""A new member's walk through the playground in headless Chromium."""
