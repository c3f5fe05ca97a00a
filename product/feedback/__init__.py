"""Work on many corrections: import, export, erasure and the review queue."""
