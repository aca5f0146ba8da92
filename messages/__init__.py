"""Collects the sentences for people from the code into the translators' catalogues, and checks these."""
