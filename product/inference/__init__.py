"""Text to calibrated scores: preparing, tokenising, batching, one file per backend."""
