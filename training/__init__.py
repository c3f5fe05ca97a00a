"""What makes models. Imports `product` for its vocabulary, storage and versions."""
