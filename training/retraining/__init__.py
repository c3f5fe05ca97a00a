"""How corrections become a version: trust, dataset, training, evaluation gate, activation."""
