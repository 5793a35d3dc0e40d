"""Public feeds of other offices."""
