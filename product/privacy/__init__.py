"""Redaction of personal identifiers, and the installation's secret key."""
