"""Training data: corpora, cleaning, similarity and augmentation."""
