"""Text burned into pixels: where to look for it, what of it says nothing, and how it is hidden."""
