"""Records in and out as text, the read-only API; computes nothing of its own."""
