"""What moves in one camera's picture, followed from frame to frame, and what can be measured of it."""
