"""Ways to cut documents into chunks; each is deterministic."""
