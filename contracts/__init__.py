"""What every room agrees on: schemas, units, accounting, errors, keys and protocols. Imports nothing of ours."""
