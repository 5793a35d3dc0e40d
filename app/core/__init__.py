"""Ground that every slice stands on; knows no word of the domain."""
