"""What serves people. Never imports `training`."""
