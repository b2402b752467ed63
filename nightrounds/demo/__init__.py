"""A small invented hospital, written the same way every time, on which the demo makes its two nights."""
