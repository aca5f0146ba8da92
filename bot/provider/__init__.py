"""ToAPIs over HTTP: the client, its wire models, and the meaning of its errors."""
