"""Images over nights: their objects, references between them, what stands in the sample files."""
