"""The command line: how Nightrounds is used."""
