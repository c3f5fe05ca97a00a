"""How the shipped model is made: fine-tuning, tuning, combining and the model card."""
