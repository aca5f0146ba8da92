"""ToAPIs over HTTP: the client, its wire models, and the mapping of its errors."""
