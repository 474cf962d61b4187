"""One camera from source to stored event."""
