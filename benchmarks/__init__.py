"""Scripts that print the tables behind the figures in README and docs. `make bench` runs them."""
