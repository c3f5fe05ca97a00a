"""The application that serves people. It never imports `training`, which makes the models."""
