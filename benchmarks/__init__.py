"""What the README claims, as scripts that print the table they came from. Run by `make bench`."""
