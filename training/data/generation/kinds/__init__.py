"""Cases of the behavioural suite that are composed of test parts: kinds of support mail that a model must read."""
