"""The small HTTP servers: health and webhooks on one, metrics on another."""
