"""Who is asking: passwords, tokens, keys, tickets, limits."""
