"""How the schema came to be, revision by revision; ``env`` runs them, a test compares the end with ``tables``.

For a new one: change ``tables`` and raise its ``HEAD``, add the next number under ``versions``; the test says what is
missing in it.
"""
