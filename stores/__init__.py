"""Where everything lives: lake, vectors, catalog, vault, quarantine, landing, staging and releases."""
