"""Tables, sessions, migrations, locks, and the queries, grouped by table."""
