"""When and where it runs. No business logic."""
