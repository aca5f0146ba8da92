"""ToAPIs over HTTP: the client, its wire models, and what its refusals mean."""
