"""The small HTTP servers: health and webhooks, and apart from them metrics."""
