"""Model versions: folders, installation, activation, probation and shadow mode."""
