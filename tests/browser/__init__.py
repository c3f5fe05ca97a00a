"""Driven in a real browser against the real app; a package, so that its files may be named as those they test."""
