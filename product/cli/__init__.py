"""The commands of `python -m product`, one file per group."""
