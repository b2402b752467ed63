"""How an export is acquired and read: one module or folder for each format, found through `connectors.registry`."""
