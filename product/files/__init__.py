"""Tables of messages: reading, scoring and writing files."""
