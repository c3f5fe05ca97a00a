"""Smaller models: distillation, pruning and a smaller vocabulary."""
