"""The commands, one module for each question a user asks. Heavy imports stay inside functions: `--help` is quick."""
