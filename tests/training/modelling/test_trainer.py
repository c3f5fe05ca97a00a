"""The loss by hand, and real training on a few rows."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from product.inference import checkpoint
from product.inference.text.encoding import TextEncoder
from tests.support.labelled import MESSAGES
from tests.support.progress import recorded_progress
from training.data.rows import Row
from training.modelling.adapters import save_half
from training.modelling.batches import IGNORED_LABEL, collate, encode
from training.modelling.recipe import Recipe
from training.modelling.trainer import (
    SentimentTrainer,
    arguments,
    round_activations,
    smoothed_labels,
    train,
    trainable,
)

SHORT = Recipe(rank=8, alpha=16, learning_rate=2e-3, epochs=10, batch_size=4)
PLAIN = Recipe()
LOG2, LOG4 = float(np.log(2)), float(np.log(4))
POLAR_MESSAGES = [(index, row) for index, row in enumerate(MESSAGES) if row.label != "neutral"]


def logits(model, rows: list[Row], encoder: TextEncoder) -> np.ndarray:
    batch = collate([dict(row) for row in encode(rows, encoder)])
    return checkpoint.torch_logits(model, batch["input_ids"], batch["attention_mask"])


def test_an_adapter_learns_its_rows_and_is_restored_from_disk(base, encoder, tmp_path):
    model, history = train(checkpoint.load_base(base), encode(MESSAGES, encoder), SHORT, tmp_path / "work")
    learned = logits(model, MESSAGES, encoder)
    assert (learned.argmax(1) == [0] * 4 + [1] * 4 + [2] * 4).mean() >= 11 / 12
    save_half(model, tmp_path / "adapter")
    assert sorted(file.name for file in (tmp_path / "adapter").iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    restored = checkpoint.assemble(base, [tmp_path / "adapter"])
    # saved in half precision: three significant digits
    assert logits(restored, MESSAGES, encoder) == pytest.approx(learned, abs=0.05)


def test_training_reports_every_step_and_prints_nothing(base, encoder, tmp_path, capsys):
    recipe = replace(SHORT, epochs=2)
    with recorded_progress() as reports:
        train(checkpoint.load_base(base), encode(MESSAGES, encoder), recipe, tmp_path / "work")
    # 12 messages in batches of 4, twice
    assert reports == [("training", step, 6) for step in range(1, 7)]
    assert capsys.readouterr().out == ""


def test_rows_trained_towards_current_probabilities_keep_them_while_another_row_is_learned(base, encoder, tmp_path):
    torch.manual_seed(0)
    start = checkpoint.load_base(base).eval()
    probabilities = torch.softmax(torch.from_numpy(logits(start, MESSAGES[1:], encoder)), -1).numpy()
    targets = np.vstack([[[np.nan] * 3], probabilities]).astype(np.float32)
    model, _ = train(start, encode(MESSAGES, encoder, targets), SHORT, tmp_path / "work")
    after = torch.softmax(torch.from_numpy(logits(model, MESSAGES, encoder)), -1).numpy()
    assert after[0].argmax() == 0
    assert np.abs(after[1:] - probabilities).mean() < 0.1


def loss_of(logits: list[list[float]], recipe: Recipe = PLAIN, states: list | None = None, **given) -> float:
    """The loss for a model that returns `logits` and the last hidden states `states`."""
    rows = len(logits)
    inputs = {
        "labels": torch.tensor(given.get("labels", [IGNORED_LABEL] * rows)),
        "polar": torch.tensor(given.get("polar", [False] * rows)),
        "targets": torch.tensor(given.get("targets", [[torch.nan] * 3] * rows)),
    }
    if "hidden" in given:
        inputs["hidden"] = torch.tensor(given["hidden"])
    hidden_states = (None, torch.tensor(states)[:, None] if states else None)
    output = SimpleNamespace(logits=torch.tensor(logits), hidden_states=hidden_states)
    trainer = SimpleNamespace(recipe=recipe)
    return float(SentimentTrainer.compute_loss(trainer, lambda **_: output, inputs))


def test_the_loss_of_labelled_rows_is_their_mean_cross_entropy():
    # probabilities 1/4, 1/4, 1/2: -ln 1/2 for positive, -ln 1/4 for negative
    rows = [[0.0, 0.0, LOG2]] * 2
    assert loss_of(rows, labels=[2, 0]) == pytest.approx((LOG2 + LOG4) / 2)


def test_the_neutral_logit_is_ignored_in_a_row_without_a_neutral_class():
    # negative and positive are left with 1/2 each, whatever the neutral logit is
    assert loss_of([[0.0, 9.0, 0.0]], labels=[2], polar=[True]) == pytest.approx(LOG2)
    smooth = Recipe(label_smoothing=0.2)
    assert loss_of([[0.0, 9.0, 0.0]], smooth, labels=[2], polar=[True]) == pytest.approx(LOG2)


def test_label_smoothing_spreads_over_the_classes_of_the_corpus():
    found = smoothed_labels(torch.tensor([0, 0]), torch.tensor([False, True]), 0.3)
    assert found.tolist() == [pytest.approx([0.8, 0.1, 0.1]), pytest.approx([0.85, 0.0, 0.15])]


def test_the_loss_of_a_row_with_target_probabilities_is_the_weighted_divergence():
    # KL((1/2, 1/4, 1/4) || (1/4, 1/4, 1/2)) = 1/2 ln 2 + 0 - 1/4 ln 2 = 1/4 ln 2, times the divergence weight
    given = [[0.5, 0.25, 0.25]]
    assert loss_of([[0.0, 0.0, LOG2]], Recipe(divergence_weight=2.0), targets=given) == pytest.approx(LOG2 / 2)
    # and it is 0 if the prediction is the target, also in a row without a neutral class
    assert loss_of([[0.0, 5.0, LOG2]], targets=[[1 / 3, 0.0, 2 / 3]], polar=[True]) == pytest.approx(0.0, abs=1e-6)


def test_the_loss_of_a_hidden_state_is_its_weighted_cosine_distance_from_the_teachers():
    # the predictions equal the targets and add nothing; at a right angle the distance is 1, at 60 degrees 1/2
    given = {"targets": [[0.25, 0.25, 0.5]] * 2, "hidden": [[0.0, 3.0], [1.0, 3**0.5]]}
    found = loss_of([[0.0, 0.0, LOG2]] * 2, Recipe(hidden_share=0.4), states=[[2.0, 0.0], [5.0, 0.0]], **given)
    assert found == pytest.approx(0.4 * (1 + 0.5) / 2)


def test_evaluation_keeps_the_order_of_the_rows_and_batches_have_similar_lengths(base, encoder, tmp_path):
    """Metrics identify the corpus of a row by its position; the default sampler would shuffle the rows."""
    recipe = Recipe(epochs=1, batch_size=4, rank=2, precision="fp32")
    mixed = [Row(f"{row.text} {index}", row.label, "imdb" if index % 2 else "airline") for index, row in POLAR_MESSAGES]
    trainer = SentimentTrainer(
        model=trainable(checkpoint.load_base(base), recipe),
        args=arguments(recipe, 12, True, tmp_path),
        train_dataset=encode(MESSAGES, encoder),
        eval_dataset=encode(mixed, encoder),
        data_collator=collate,
    )
    trainer.recipe = recipe
    assert list(trainer._get_eval_sampler(encode(mixed, encoder))) == list(range(len(mixed)))
    ids = [len(row) for row in trainer.train_dataset["input_ids"]]
    batches = [sorted(ids[index] for index in batch) for batch in trainer.get_train_dataloader().batch_sampler]
    # sorted by length these 12 make three batches of similar length
    assert sorted(batches) == [sorted(ids)[:4], sorted(ids)[4:8], sorted(ids)[8:]]


def test_method_full_trains_all_weights_but_the_embeddings_with_fast_attention(base):
    model = trainable(checkpoint.load_base(base), Recipe(method="full"))
    frozen = {name.split(".")[1] for name, weight in model.named_parameters() if not weight.requires_grad}
    assert frozen == {"embeddings"}
    assert model.config._attn_implementation == "sdpa"


class LayerAndClassifier(torch.nn.Module):
    """One linear layer in an encoder and one after it; both return what they read."""

    def __init__(self, size: int):
        super().__init__()
        self.base_model = torch.nn.Module()
        self.base_model.encoder = torch.nn.Sequential(self._identity(size))
        self.classifier = self._identity(size)

    @staticmethod
    def _identity(size: int) -> torch.nn.Linear:
        layer = torch.nn.Linear(size, size)
        layer.weight.data, layer.bias.data = torch.eye(size), torch.zeros(size)
        return layer


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # -1 to 1.55 in 255 steps of 0.01
        ([-1.0, 1.55, 0.504, -0.006, 0.0], [-1.0, 1.55, 0.5, -0.01, 0.0]),
        # the range includes zero: 0 to 2.55, and -5.1 to 0 in steps of 0.02
        ([2.55, 1.0, 1.996, 1.004, 2.0], [2.55, 1.0, 2.0, 1.0, 2.0]),
        ([-5.1, -1.0, -1.009, -1.011, -3.0], [-5.1, -1.0, -1.0, -1.02, -3.0]),
        ([0.0] * 5, [0.0] * 5),
    ],
)
def test_layers_of_the_encoder_read_values_rounded_to_255_steps_between_minimum_and_maximum(values, expected):
    model = LayerAndClassifier(5)
    round_activations(model)
    given = torch.tensor([values])
    assert model.base_model.encoder(given)[0].tolist() == pytest.approx(expected, abs=1e-5)
    assert model.classifier(given)[0].tolist() == pytest.approx(values, abs=1e-6)


def test_rounded_activations_have_at_most_256_values_and_are_off_by_half_a_step():
    model = LayerAndClassifier(2000)
    round_activations(model)
    torch.manual_seed(0)
    given = torch.randn(1, 2000)
    found = model.base_model.encoder(given)
    step = float(given.max() - given.min()) / 255
    assert len(torch.unique((found / step).round())) <= 256
    assert float((found - given).abs().max().detach()) <= step / 2 + 1e-6


def test_gradients_pass_the_rounding_unchanged():
    model = LayerAndClassifier(3)
    round_activations(model)
    given = torch.tensor([[-1.0, 0.504, 1.55]], requires_grad=True)
    (model.base_model.encoder(given) * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert given.grad[0].tolist() == pytest.approx([1, 2, 3])


def test_only_a_quantisation_aware_recipe_rounds_activations(zh_checkpoint):
    def hooked(recipe: Recipe) -> set[str]:
        model = trainable(checkpoint.load_base(zh_checkpoint), recipe)
        return {name for name, module in model.named_modules() if module._forward_pre_hooks}

    assert hooked(Recipe(method="full")) == set()
    found = hooked(Recipe(method="full", quantisation_aware=True))
    # query, key, value, output of attention, and the two of the feed-forward network, in each of two layers
    assert len(found) == 12 and all(name.startswith("bert.encoder.layer.") for name in found)
