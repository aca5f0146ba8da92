"""The small HTTP server: health."""
