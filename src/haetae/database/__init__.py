"""Durable storage: the event journal, the database, its tables and migrations."""
