"""Clips, thumbnails and the packet ring: everything about pictures that are kept."""
