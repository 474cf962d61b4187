"""Playbooks that Haetae brings along, each in English and Korean."""
