"""Training one model: recipe, trainer, calibration and packaging."""
