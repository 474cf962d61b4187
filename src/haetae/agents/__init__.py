"""What is thought about events: the response to them, and the assistant that answers questions. Only code acts."""
