"""Metrics, statistical tests, slices and the behavioural suite."""
