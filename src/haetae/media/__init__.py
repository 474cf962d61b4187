"""From coded packets to evidence on disk: the pre-roll ring, clips, thumbnails and contact sheets. See docs/design/storage.md."""
