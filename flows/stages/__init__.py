"""The stages of a round, each a function of the round and a source. No Prefect here: flows wrap them as tasks."""
