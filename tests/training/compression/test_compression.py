"""Smaller models: what is kept of layers, words and a teacher's answers, on models that a test can build."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, pre_tokenizers, processors
from tokenizers import models as vocabularies
from transformers import BertConfig, BertForSequenceClassification, BertModel
from typer.testing import CliRunner

from benchmarks.app_process import command
from product.inference import checkpoint, packing
from product.inference import manifest as manifests
from product.settings.configuration import SHIPPED_MODEL, Settings
from training.cli.compress import app
from training.compression import distillation as compress
from training.compression import vocabulary
from training.compression.comparison import compare
from training.compression.distillation import Teacher
from training.data import catalogue as corpora
from training.data.rows import BadRequest, Row
from training.modelling.batches import Targets
from training.modelling.recipe import Recipe
from training.release import finetune
from training.release.checkpoints import unpack_expert
from training.release.lineage import version_lineage

WORDS = "embeddings.word_embeddings.weight"
ROWS = [Row("gut", "positive", "imdb"), Row("wo", "neutral", "airline"), Row("danke", "positive", "replay-en")]


def tiny_model(layers: int) -> BertForSequenceClassification:
    config = BertConfig(
        vocab_size=8,
        hidden_size=32,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=32,
        num_labels=3,
    )
    return BertForSequenceClassification(config).eval()


def test_kept_layers_are_the_ones_named_in_their_order():
    model = tiny_model(4)
    layers = list(model.bert.encoder.layer)
    compress.keep_layers(model, [0, 3])
    assert list(model.bert.encoder.layer) == [layers[0], layers[3]]
    assert (model.config.num_hidden_layers, model.config.kept_layers) == (2, [0, 3])
    assert model(input_ids=torch.tensor([[1, 2]])).logits.shape == (1, 3)
    # layer 1 of what is left was layer 3 of the model
    compress.keep_layers(model, [1])
    assert model.config.kept_layers == [3]


@pytest.mark.parametrize("wrong", ["", "0,x", "1,0", "0,0", "0,2", "-1"])
def test_layers_that_there_are_not_are_refused_with_those_that_there_are(wrong):
    with pytest.raises(BadRequest, match="this model has 2 layers, 0 to 1"):
        compress.parse_layers(wrong, 2)


def test_a_checkpoint_with_fewer_layers_answers_as_the_model_cut_in_memory(zh_checkpoint, tmp_path):
    compress.cut_layers(zh_checkpoint, "1", tmp_path)
    whole = compress.keep_layers(checkpoint.load_base(zh_checkpoint), [1])
    ids, mask = np.array([[2, 5, 6, 3]]), np.ones((1, 4), dtype=np.int64)
    found = checkpoint.torch_logits(checkpoint.load_base(tmp_path).eval(), ids, mask)
    assert found == pytest.approx(checkpoint.torch_logits(whole.eval(), ids, mask), abs=1e-5)
    assert (tmp_path / "tokenizer.json").is_file()


def test_a_teacher_says_nothing_of_neutral_where_there_is_none_and_nothing_at_all_of_own_rows(monkeypatch):
    # odds of 3 to 1 to 3 by logits of ln 3, 0, ln 3
    logits = np.log([[3.0, 1.0, 3.0]] * 3).astype(np.float32)
    monkeypatch.setattr(compress, "cached_outputs", lambda *_: (logits, np.ones((3, 5), dtype=np.float32)))
    targets = compress.teacher_targets([Teacher(Path("teacher"))], ROWS, Recipe(soft_share=0.5), None, print)
    # imdb has no neutral class: half of (1/2, 0, 1/2) and half of its label
    assert targets.probabilities[0] == pytest.approx([0.25, 0.0, 0.75])
    # airline: half of (3/7, 1/7, 3/7) and half of neutral
    assert targets.probabilities[1] == pytest.approx([3 / 14, 8 / 14, 3 / 14])
    assert np.isnan(targets.probabilities[2]).all()
    assert targets.hidden is None
    with_hidden = compress.teacher_targets([Teacher(Path("teacher"))], ROWS, Recipe(hidden_share=0.1), None, print)
    assert with_hidden.hidden.shape == (3, 5)


def test_rows_are_learned_from_the_teachers_named_for_their_corpus_else_from_those_of_all(monkeypatch):
    said = {"one": [6.0, 3.0, 1.0], "other": [2.0, 2.0, 1.0], "films": [1.0, 7.0, 3.0]}

    def outputs(folder, texts, *_):
        return np.log([said[folder.name]] * len(texts)).astype(np.float32), np.zeros((len(texts), 5))

    monkeypatch.setattr(compress, "cached_outputs", outputs)
    teachers = [Teacher(Path("one")), Teacher(Path("other")), Teacher(Path("films"), "imdb")]
    targets = compress.teacher_targets(teachers, ROWS, Recipe(soft_share=1.0), None, print).probabilities
    assert targets[0] == pytest.approx([0.25, 0.0, 0.75])  # 1 to 3 without neutral
    assert targets[1] == pytest.approx([(0.6 + 0.4) / 2, (0.3 + 0.4) / 2, (0.1 + 0.2) / 2])
    alone = compress.teacher_targets(teachers[2:], ROWS, Recipe(soft_share=1.0), None, print).probabilities
    assert np.isnan(alone[1]).all()


def test_a_part_of_a_text_keeps_its_teachers_word_weighed_by_the_label_of_the_whole(monkeypatch):
    rows = [Row("dull", "negative", "imdb-sentences"), Row("it ran", "positive", "imdb-sentences"), *ROWS]
    logits = np.log([[6.0, 5.0, 1.0], [1.0, 9.0, 1.0], *[[1.0, 1.0, 1.0]] * 3]).astype(np.float32)
    monkeypatch.setattr(compress, "cached_outputs", lambda *_: (logits, np.ones((5, 2), dtype=np.float32)))
    targets = compress.teacher_targets([Teacher(Path("teacher"))], rows, Recipe(hidden_share=0.1), None, print)
    # 6 to 1, and the whole is negative four times of five: 24 to 1; one to one, and positive: 1 to 4
    assert targets.probabilities[0] == pytest.approx([24 / 25, 0, 1 / 25])
    assert targets.probabilities[1] == pytest.approx([1 / 5, 0, 4 / 5])
    kept, left, step = compress.drop_low_confidence(rows, targets)
    assert kept == [rows[0], *ROWS]
    assert left.probabilities.shape == (4, 3) and left.hidden.shape == (4, 2)
    assert left.probabilities[0] == pytest.approx([24 / 25, 0, 1 / 25])
    assert (step.kept, step.dropped) == (4, 1)
    assert compress.drop_low_confidence(rows, Targets(targets.probabilities))[1].hidden is None


def test_a_teacher_is_a_folder_or_a_corpus_and_a_folder(zh_checkpoint):
    assert compress.parse_teacher(str(zh_checkpoint)) == Teacher(zh_checkpoint)
    assert compress.parse_teacher(f"airline={zh_checkpoint}") == Teacher(zh_checkpoint, "airline")
    with pytest.raises(BadRequest, match="--teacher nowhere: config.json is missing"):
        compress.parse_teacher("airline=nowhere")
    with pytest.raises(BadRequest, match="--teacher airlines=nowhere: config.json is missing"):
        compress.parse_teacher("airlines=nowhere")


def test_a_teacher_reads_each_text_once(zh_checkpoint, tmp_path, monkeypatch):
    read, seen = compress.read, []
    monkeypatch.setattr(compress, "read", lambda *given: seen.append(given[2]) or read(*given))
    monkeypatch.setattr(compress, "CHUNK", 2)
    texts = ["好的", "坏了", "谢谢", "好的"]
    first = compress.cached_outputs(zh_checkpoint, texts, 32, tmp_path, print)
    assert seen == [["好的", "坏了"], ["谢谢"]]
    again = compress.cached_outputs(zh_checkpoint, [*texts, "在哪里"], 32, tmp_path, print)
    assert seen[2:] == [["在哪里"]]
    assert again[0][:4].tolist() == first[0].tolist() and again[1][:4].tolist() == first[1].tolist()
    assert first[0][0].tolist() == first[0][3].tolist()
    # other lengths are other readings
    compress.cached_outputs(zh_checkpoint, texts[:1], 16, tmp_path, print)
    assert seen[3:] == [["好的"]]


def unigram_folder(folder, pieces: list[str]):
    """As XLM-R has it: <s>, <pad>, </s>, <unk> in front, <mask> behind the pieces and not one of them."""
    words = ["<s>", "<pad>", "</s>", "<unk>", *pieces]
    tokenizer = Tokenizer(vocabularies.Unigram([(piece, -float(index)) for index, piece in enumerate(words)], 3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A </s>", None, [("<s>", 0), ("</s>", 2)])
    config = BertConfig(
        vocab_size=len(words) + 1,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
        pad_token_id=1,
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def ids_of(folder, text: str) -> list[int]:
    return Tokenizer.from_file(str(folder / "tokenizer.json")).encode(text).ids


def table_of(folder) -> torch.Tensor:
    return load_file(folder / "model.safetensors")[WORDS]


def test_a_unigram_vocabulary_is_cut_to_that_of_another_with_each_piece_keeping_its_embedding(tmp_path):
    full = unigram_folder(tmp_path / "full", ["▁", "▁good", "▁bad", "g", "▁day"])
    other = unigram_folder(tmp_path / "other", ["▁day", "▁good", "▁never-seen"])
    cut = vocabulary.cut(str(full), tmp_path / "cut", like=other, names=[], corpus_dir="", say=print)
    # ids of full: 4 ▁, 5 ▁good, 6 ▁bad, 7 g, 8 ▁day, 9 <mask>; kept are 0 to 3, 5, 8 and 9
    assert (cut.before, cut.after) == (10, 7)
    assert ids_of(full, "good day") == [0, 5, 8, 2]
    assert ids_of(tmp_path / "cut", "good day") == [0, 4, 5, 2]
    assert ids_of(tmp_path / "cut", "bad") == [0, 3, 2]
    assert Tokenizer.from_file(str(tmp_path / "cut" / "tokenizer.json")).token_to_id("<mask>") == 6
    assert table_of(tmp_path / "cut").tolist() == table_of(full)[[0, 1, 2, 3, 5, 8, 9]].tolist()
    config = json.loads((tmp_path / "cut" / "config.json").read_text())
    assert (config["vocab_size"], config["pad_token_id"]) == (7, 1)


def wordpiece_folder(folder):
    words = ["[PAD]", "[unused]", "[UNK]", "[CLS]", "[SEP]", "good", "##s", "never", "bad", "b"]
    ids = {word: index for index, word in enumerate(words)}
    tokenizer = Tokenizer(vocabularies.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 4), ("[CLS]", 3))
    tokenizer.enable_padding(pad_id=0)
    config = BertConfig(
        vocab_size=10, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, pad_token_id=0
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def test_a_wordpiece_vocabulary_is_cut_to_what_a_corpus_uses_and_all_single_characters(tmp_path, monkeypatch):
    full = wordpiece_folder(tmp_path / "full")
    monkeypatch.setattr(corpora, "load", lambda name, split, corpus_dir: [Row("goods bad", "neutral", name)])
    cut = vocabulary.cut(str(full), tmp_path / "cut", like=None, names=["replay-en"], corpus_dir="", say=print)
    # gone: [unused] (1) and never (7); b is a single character
    assert (cut.before, cut.after) == (10, 8)
    assert ids_of(full, "goods bad") == [3, 5, 6, 8, 4]
    assert ids_of(tmp_path / "cut", "goods bad") == [2, 4, 5, 6, 3]
    assert ids_of(tmp_path / "cut", "never") == [2, 1, 3]
    assert table_of(tmp_path / "cut").tolist() == table_of(full)[[0, 2, 3, 4, 5, 6, 8, 9]].tolist()


def test_a_vocabulary_is_cut_by_one_rule_and_from_a_folder_that_is_there(tmp_path, monkeypatch):
    full = wordpiece_folder(tmp_path / "full")
    for like, names in ((None, []), (full, ["replay-en"])):
        with pytest.raises(BadRequest, match="by --like FOLDER or by --corpus NAME, one of them"):
            vocabulary.cut(str(full), tmp_path / "cut", like=like, names=names, corpus_dir="", say=print)
    monkeypatch.setattr(vocabulary, "snapshot_download", lambda *_, **__: 1 / 0)
    with pytest.raises(BadRequest, match="--model no/such: neither a folder nor to be had from the Hub"):
        vocabulary.cut("no/such", tmp_path / "cut", like=full, names=[], corpus_dir="", say=print)
    file = full / "tokenizer.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"model": {"type": "BPE"}}))
    with pytest.raises(BadRequest, match="type BPE cannot be cut; Unigram, WordPiece, WordLevel can"):
        vocabulary.cut(str(full), tmp_path / "cut", like=full, names=[], corpus_dir="", say=print)


def test_a_model_of_the_hub_is_cut_from_its_copy(tmp_path, monkeypatch):
    full = unigram_folder(tmp_path / "full", ["▁good", "▁day"])
    asked = []
    monkeypatch.setattr(vocabulary, "snapshot_download", lambda name, **_: asked.append(name) or str(full))
    vocabulary.cut("intfloat/multilingual-e5-small", tmp_path / "cut", like=full, names=[], corpus_dir="", say=print)
    assert asked == ["intfloat/multilingual-e5-small"]
    assert table_of(tmp_path / "cut").tolist() == table_of(full).tolist()


def test_models_of_each_form_stand_side_by_side(zh_checkpoint, zh_version, tmp_path):
    compress.pack_checkpoint(zh_checkpoint, 4, tmp_path / "packed")
    assert packing.is_packed(tmp_path / "packed") and not packing.needs_base(tmp_path / "packed")
    rows = [Row("谢谢你们", "positive", "a file"), Row("坏了", "negative", "a file")]
    first, second, third = compare([zh_checkpoint, tmp_path / "packed", zh_version], {"own": rows}, "", print)
    assert [line["layers"] for line in (first, second, third)] == ["2", "2", "2"]
    assert first["speed"] == "1.00"
    assert first["vocabulary"] == third["vocabulary"]
    assert {first["own"], second["own"], third["own"]} <= {"0.0 %", "50.0 %", "100.0 %"}
    sizes = [float(line["on disk"].removesuffix(" MB")) for line in (first, second)]
    assert sizes[1] < sizes[0]


def test_the_average_of_checkpoints_weighs_each_and_tells_the_runs_behind_them(zh_checkpoint, tmp_path):
    other = shutil.copytree(zh_checkpoint, tmp_path / "other")
    tensors = load_file(zh_checkpoint / "model.safetensors")
    save_file({name: tensor + 1 for name, tensor in tensors.items()}, other / "model.safetensors")
    (other / "result.json").write_text(json.dumps({"rows": 7, "history": []}))
    given = ["compress", "average", "--model", zh_checkpoint, "--weight", 0.75, "--model", other, "--weight", 0.25]
    command("training", *map(str, given), "--out", str(tmp_path / "mean"), data_dir=tmp_path)
    mean = load_file(tmp_path / "mean" / "model.safetensors")
    name = "classifier.weight"
    assert torch.allclose(mean[name].float(), tensors[name].float() + 0.25, atol=1e-3)
    assert json.loads((tmp_path / "mean" / "result.json").read_text())["before"][-1]["rows"] == 7


@pytest.mark.parametrize(("weights", "said"), [([0.5], "as many of each"), ([0.5, 0.6], "1 together")])
def test_weights_of_an_average_that_make_no_mean_are_refused(zh_checkpoint, tmp_path, weights, said):
    with pytest.raises(BadRequest, match=said):
        compress.average([zh_checkpoint, zh_checkpoint], weights, tmp_path / "mean")


def test_a_checkpoint_becomes_a_version_that_is_packed_and_calibrated(zh_checkpoint, tmp_path):
    made = finetune.version_from_checkpoint(
        Settings(_env_file=None, data_dir=tmp_path),
        zh_checkpoint,
        language="zh",
        bits=8,
        corpora=["replay-zh"],
        out=tmp_path / "version",
        version="packed-7",
        say=print,
    )
    assert made.experts["zh"].parts == ["zh/packed"]
    assert made.experts["zh"].temperature != 1.0
    assert made.metrics["desk-zh test"]["rows"] == 200
    assert manifests.verify(tmp_path / "version").id == "packed-7"


def test_a_shipped_expert_is_a_checkpoint_again_and_tells_the_runs_behind_it(tmp_path):
    given = ["compress", "unpack", "--model", SHIPPED_MODEL, "--out", tmp_path / "en"]
    command("training", *map(str, given), data_dir=tmp_path)
    told = json.loads((SHIPPED_MODEL / "manifest.json").read_text())["training"]["en"]
    result = json.loads((tmp_path / "en" / "result.json").read_text())
    assert [run["seconds"] for run in result["before"]] == [stage["seconds"] for stage in told["stages"]]
    assert version_lineage(result["before"])["training"]["stages"] == told["stages"]
    own = checkpoint.assemble(checkpoint.locate_base(), [SHIPPED_MODEL / "en" / "packed"])
    unpacked = checkpoint.load_base(compress.checked_folder(tmp_path / "en", "--model"), dtype=torch.float32)
    for name, weight in own.named_parameters():
        assert torch.allclose(weight, unpacked.get_parameter(name), atol=1e-3, rtol=1e-3), name


def test_what_is_unpacked_is_in_the_version(zh_version, tmp_path):
    with pytest.raises(BadRequest, match="--language en: .* has zh"):
        unpack_expert(Settings(_env_file=None, data_dir=tmp_path), zh_version, "en", tmp_path / "en")


def test_commands_say_what_is_wrong(zh_checkpoint, tmp_path):
    shutil.copytree(zh_checkpoint, tmp_path / "no-words")
    (tmp_path / "no-words" / "tokenizer.json").unlink()
    for arguments, reason in (
        (["layers", "--model", zh_checkpoint, "--keep", "0,7", "--out", tmp_path / "a"], "--keep 0,7: numbers of lay"),
        (["layers", "--model", tmp_path / "no-words", "--keep", "0", "--out", tmp_path / "a"], "tokenizer.json is mis"),
        (["layers", "--model", zh_checkpoint, "--keep", "0", "--out", zh_checkpoint], "something in it already"),
        (
            ["pack", "--model", zh_checkpoint, "--bits", "5", "--out", tmp_path / "a"],
            "--bits 5: weights are packed in 4",
        ),
        (["table", "--model", tmp_path / "no-words", "--data", "desk-zh"], "a version has manifest.json, a checkpoint"),
    ):
        result = CliRunner().invoke(app, [str(each) for each in arguments])
        assert isinstance(result.exception, BadRequest), result.output
        assert reason in str(result.exception)
