"""Rendered scenes with labelled incidents, for the demo, the tests and the benchmark."""
