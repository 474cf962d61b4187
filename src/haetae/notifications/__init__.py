"""Telling people: rules, de-duplication, templates, and channels that send."""
