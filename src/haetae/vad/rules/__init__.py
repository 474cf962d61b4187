"""Named rules: what the way of a track may mean. Each says how far its definition is met, never that something is so."""
