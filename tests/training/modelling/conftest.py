import pytest

from product.inference import checkpoint
from product.inference.text.encoding import TextEncoder


@pytest.fixture(scope="module")
def base():
    return checkpoint.locate_base()


@pytest.fixture(scope="module")
def encoder(base):
    return TextEncoder(base / "tokenizer.json", 64)
