"""Real training on the real base, on a handful of rows."""

import numpy as np
import pytest
import torch

from product.inference import checkpoint
from product.inference.text import TextEncoder
from training.corpora import Row
from training.finetune import IGNORED, Recipe, collate, encode, save, train

LEARNED = [
    Row(text, label, "test")
    for label, texts in {
        "negative": ("it broke again", "nobody answers me", "the worst service", "I want my money back"),
        "neutral": ("what time do you open", "send me the invoice", "my number is new", "where is the form"),
        "positive": ("thanks, it works", "great help today", "love the new app", "you were so kind"),
    }.items()
    for text in texts
]
SHORT = Recipe(rank=8, alpha=16, learning_rates=(2e-3,), epochs=10, batch_size=4)


@pytest.fixture(scope="module")
def base():
    return checkpoint.locate_base()


@pytest.fixture(scope="module")
def encoder(base):
    return TextEncoder(base / "tokenizer.json", 64)


def logits(model, rows: list[Row], encoder: TextEncoder) -> np.ndarray:
    batch = collate([dict(row) for row in encode(rows, encoder)])
    return checkpoint.torch_logits(model, batch["input_ids"], batch["attention_mask"])


def test_rows_held_to_probabilities_have_no_label_to_learn(encoder):
    targets = np.array([[np.nan] * 3, [0.2, 0.5, 0.3]], dtype=np.float32)
    data = encode(LEARNED[:2], encoder, targets)
    assert data["labels"] == [0, IGNORED]


def test_a_batch_is_padded_to_its_longest_row(encoder):
    batch = collate([dict(row) for row in encode(LEARNED[:2], encoder)])
    # [CLS] it broke again [SEP]; [CLS] nobody answers me [SEP]
    assert batch["input_ids"].shape == (2, 5)


def test_an_adapter_learns_its_rows_and_comes_back_from_disk_as_it_was(base, encoder, tmp_path):
    model, history = train(checkpoint.load_base(base), encode(LEARNED, encoder), None, SHORT, tmp_path / "work")
    learned = logits(model, LEARNED, encoder)
    assert (learned.argmax(1) == [0] * 4 + [1] * 4 + [2] * 4).mean() >= 11 / 12
    save(model, tmp_path / "adapter")
    assert sorted(file.name for file in (tmp_path / "adapter").iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    restored = checkpoint.assemble(base, [tmp_path / "adapter"])
    # saved in half precision: three significant digits
    assert logits(restored, LEARNED, encoder) == pytest.approx(learned, abs=0.05)


def test_rows_held_to_what_the_model_said_keep_it_there_while_another_row_is_learned(base, encoder, tmp_path):
    torch.manual_seed(0)
    start = checkpoint.load_base(base).eval()
    said = torch.softmax(torch.from_numpy(logits(start, LEARNED[1:], encoder)), -1).numpy()
    targets = np.vstack([[[np.nan] * 3], said]).astype(np.float32)
    model, _ = train(start, encode(LEARNED, encoder, targets), None, SHORT, tmp_path / "work")
    after = torch.softmax(torch.from_numpy(logits(model, LEARNED, encoder)), -1).numpy()
    assert after[0].argmax() == 0
    assert np.abs(after[1:] - said).mean() < 0.1
