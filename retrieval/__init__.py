"""How the record is found again: search, patient context."""
