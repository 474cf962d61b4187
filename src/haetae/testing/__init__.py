"""Test doubles that ship with Haetae, for its own tests and for those of packages that extend it."""
