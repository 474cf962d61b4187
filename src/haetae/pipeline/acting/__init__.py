"""Does what was planned: runs actions, asks people where it must, and keeps what really came of it."""
