"""The words of the system as frozen dataclasses, without any I/O. docs/design/glossary.md explains them."""
