"""Whether customer messages have changed: counts, distances, findings and the hourly check."""
