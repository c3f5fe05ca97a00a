"""Trains, evaluates and releases models. Imports `product` for labels, storage and versions, never the reverse."""
