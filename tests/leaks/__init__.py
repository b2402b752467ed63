"""The decoded leak test: opens every store of a home and looks for the inputs' identifiers."""
