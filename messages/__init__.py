"""The sentences for people, from the code into the catalogues of the translators, and what is checked of these."""
