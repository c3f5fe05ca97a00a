"""The settings, and the numbers of the rules for trust, the evaluation gate and probation."""
