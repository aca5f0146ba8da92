"""The schema's history; ``env`` runs the revisions, and a test compares the result with ``tables``.

To add one: change ``tables`` and raise its ``HEAD``, then add the next number under ``versions``; the test says what is
missing in it.
"""
