"""Models whose network was trained on the camera's own footage: they need the weights that `haetae vad fit` exports, never torch."""
