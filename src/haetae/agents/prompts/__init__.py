"""What the roles of agent flows are told."""
