"""How it is found again: search and patient records, from the current release alone."""
