"""What is done to one unit of work: cleaning, standardising, de-identifying, chunking, embedding."""
