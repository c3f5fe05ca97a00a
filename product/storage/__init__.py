"""Tables, sessions, migrations, and the few queries everyone shares."""
