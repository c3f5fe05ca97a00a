"""The REST API and the web pages, on one port."""
