"""Haetae: on-premises, AI-first video surveillance."""

__version__ = "0.1.0"
