"""Prompts in files, each with an id that analyses name."""
