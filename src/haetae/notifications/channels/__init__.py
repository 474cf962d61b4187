"""The ways to people: one file for each."""
