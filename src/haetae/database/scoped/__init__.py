"""What people may read and change, each query bounded by who is asking: every transport (REST, WebSocket, media, export) reads here."""
