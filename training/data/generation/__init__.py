"""Training and test rows that are generated: from templates, from parts of messages, with typing errors."""
