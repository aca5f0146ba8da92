"""What is longer than the README, and the command that writes the tables in it that come from the code."""
