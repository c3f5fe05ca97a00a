from pathlib import Path

import numpy as np
import pytest

from training.compression import distillation
from training.compression.distillation import Teacher
from training.data.rows import BadRequest, Row
from training.modelling.batches import Targets
from training.modelling.recipe import Recipe

ROWS = [Row("gut", "positive", "imdb"), Row("wo", "neutral", "airline"), Row("danke", "positive", "replay-en")]


def test_targets_omit_neutral_for_polar_corpora_and_the_teacher_for_project_rows(monkeypatch):
    # odds of 3 to 1 to 3 by logits of ln 3, 0, ln 3
    logits = np.log([[3.0, 1.0, 3.0]] * 3).astype(np.float32)
    monkeypatch.setattr(distillation, "cached_outputs", lambda *_: (logits, np.ones((3, 5), dtype=np.float32)))
    targets = distillation.teacher_targets([Teacher(Path("teacher"))], ROWS, Recipe(soft_share=0.5), Path("cache"))
    # imdb has no neutral class: half of (1/2, 0, 1/2) and half of its label
    assert targets.probabilities[0] == pytest.approx([0.25, 0.0, 0.75])
    # airline: half of (3/7, 1/7, 3/7) and half of neutral
    assert targets.probabilities[1] == pytest.approx([3 / 14, 8 / 14, 3 / 14])
    assert np.isnan(targets.probabilities[2]).all()
    assert targets.hidden is None
    with_hidden = distillation.teacher_targets(
        [Teacher(Path("teacher"))], ROWS, Recipe(hidden_share=0.1), Path("cache")
    )
    assert with_hidden.hidden.shape == (3, 5)


def test_rows_learn_from_the_teachers_of_their_corpus_or_else_from_the_general_teachers(monkeypatch):
    probabilities = {"one": [6.0, 3.0, 1.0], "other": [2.0, 2.0, 1.0], "films": [1.0, 7.0, 3.0]}

    def outputs(folder, texts, *_):
        return np.log([probabilities[folder.name]] * len(texts)).astype(np.float32), np.zeros((len(texts), 5))

    monkeypatch.setattr(distillation, "cached_outputs", outputs)
    teachers = [Teacher(Path("one")), Teacher(Path("other")), Teacher(Path("films"), "imdb")]
    targets = distillation.teacher_targets(teachers, ROWS, Recipe(soft_share=1.0), Path("cache")).probabilities
    assert targets[0] == pytest.approx([0.25, 0.0, 0.75])  # 1 to 3 without neutral
    assert targets[1] == pytest.approx([(0.6 + 0.4) / 2, (0.3 + 0.4) / 2, (0.1 + 0.2) / 2])
    alone = distillation.teacher_targets(teachers[2:], ROWS, Recipe(soft_share=1.0), Path("cache")).probabilities
    assert np.isnan(alone[1]).all()


def test_weakly_labelled_rows_take_the_teachers_probabilities_updated_by_the_label(monkeypatch):
    rows = [Row("dull", "negative", "imdb-sentences"), Row("it ran", "positive", "imdb-sentences"), *ROWS]
    logits = np.log([[6.0, 5.0, 1.0], [1.0, 9.0, 1.0], *[[1.0, 1.0, 1.0]] * 3]).astype(np.float32)
    monkeypatch.setattr(distillation, "cached_outputs", lambda *_: (logits, np.ones((5, 2), dtype=np.float32)))
    targets = distillation.teacher_targets([Teacher(Path("teacher"))], rows, Recipe(hidden_share=0.1), Path("cache"))
    # odds of 6 to 1, times 4 to 1 for the negative label: 24 to 1; even odds, positive label: 1 to 4
    assert targets.probabilities[0] == pytest.approx([24 / 25, 0, 1 / 25])
    assert targets.probabilities[1] == pytest.approx([1 / 5, 0, 4 / 5])
    kept, left, step = distillation.drop_low_confidence(rows, targets)
    assert kept == [rows[0], *ROWS]
    assert left.probabilities.shape == (4, 3) and left.hidden.shape == (4, 2)
    assert left.probabilities[0] == pytest.approx([24 / 25, 0, 1 / 25])
    assert (step.kept, step.dropped) == (4, 1)
    assert distillation.drop_low_confidence(rows, Targets(targets.probabilities))[1].hidden is None


def test_a_teacher_is_a_folder_or_a_corpus_and_a_folder(zh_checkpoint):
    assert distillation.parse_teacher(str(zh_checkpoint)) == Teacher(zh_checkpoint)
    assert distillation.parse_teacher(f"airline={zh_checkpoint}") == Teacher(zh_checkpoint, "airline")
    with pytest.raises(BadRequest, match="--teacher nowhere: config.json is missing"):
        distillation.parse_teacher("airline=nowhere")
    with pytest.raises(BadRequest, match="--teacher airlines=nowhere: config.json is missing"):
        distillation.parse_teacher("airlines=nowhere")


def test_a_teacher_reads_each_text_once(zh_checkpoint, tmp_path, monkeypatch):
    outputs, seen = distillation.teacher_outputs, []
    monkeypatch.setattr(distillation, "teacher_outputs", lambda *given: seen.append(given[2]) or outputs(*given))
    monkeypatch.setattr(distillation, "CHUNK", 2)
    texts = ["好的", "坏了", "谢谢", "好的"]
    first = distillation.cached_outputs(zh_checkpoint, texts, 32, tmp_path)
    assert seen == [["好的", "坏了"], ["谢谢"]]
    again = distillation.cached_outputs(zh_checkpoint, [*texts, "在哪里"], 32, tmp_path)
    assert seen[2:] == [["在哪里"]]
    assert again[0][:4].tolist() == first[0].tolist() and again[1][:4].tolist() == first[1].tolist()
    assert first[0][0].tolist() == first[0][3].tolist()
    # another maximum length has its own cache
    distillation.cached_outputs(zh_checkpoint, texts[:1], 16, tmp_path)
    assert seen[3:] == [["好的"]]
