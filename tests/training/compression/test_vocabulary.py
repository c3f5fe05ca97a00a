import json

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer, pre_tokenizers, processors
from tokenizers import models as vocabularies
from transformers import BertConfig, BertModel

from training.compression import vocabulary
from training.compression.vocabulary import PieceSelection, reduce_vocabulary
from training.data import catalogue
from training.data.rows import BadRequest, Row

WORDS = "embeddings.word_embeddings.weight"


def unigram_folder(folder, pieces: list[str]):
    """A tokenizer like that of XLM-R: <s>, <pad>, </s> and <unk> before the pieces, <mask> added after them."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *pieces]
    tokenizer = Tokenizer(vocabularies.Unigram([(piece, -float(index)) for index, piece in enumerate(pieces)], 3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A </s>", None, [("<s>", 0), ("</s>", 2)])
    config = BertConfig(
        vocab_size=len(pieces) + 1,
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


def embeddings_of(folder) -> torch.Tensor:
    return load_file(folder / "model.safetensors")[WORDS]


def test_a_unigram_vocabulary_is_reduced_to_that_of_another_tokenizer_with_its_embeddings(tmp_path):
    full = unigram_folder(tmp_path / "full", ["▁", "▁good", "▁bad", "g", "▁day"])
    other = unigram_folder(tmp_path / "other", ["▁day", "▁good", "▁never-seen"])
    size = reduce_vocabulary(str(full), tmp_path / "small", PieceSelection(like=other))
    # ids of full: 4 ▁, 5 ▁good, 6 ▁bad, 7 g, 8 ▁day, 9 <mask>; 0 to 3, 5, 8 and 9 remain
    assert (size.before, size.after) == (10, 7)
    assert ids_of(full, "good day") == [0, 5, 8, 2]
    assert ids_of(tmp_path / "small", "good day") == [0, 4, 5, 2]
    assert ids_of(tmp_path / "small", "bad") == [0, 3, 2]
    assert Tokenizer.from_file(str(tmp_path / "small" / "tokenizer.json")).token_to_id("<mask>") == 6
    assert embeddings_of(tmp_path / "small").tolist() == embeddings_of(full)[[0, 1, 2, 3, 5, 8, 9]].tolist()
    config = json.loads((tmp_path / "small" / "config.json").read_text())
    assert (config["vocab_size"], config["pad_token_id"]) == (7, 1)


def wordpiece_folder(folder):
    pieces = ["[PAD]", "[unused]", "[UNK]", "[CLS]", "[SEP]", "good", "##s", "never", "bad", "b"]
    ids = {word: index for index, word in enumerate(pieces)}
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


def test_a_wordpiece_vocabulary_keeps_the_pieces_of_a_corpus_and_all_characters(tmp_path, monkeypatch):
    full = wordpiece_folder(tmp_path / "full")
    monkeypatch.setattr(catalogue, "load", lambda name, split, corpus_dir: [Row("goods bad", "neutral", name)])
    size = reduce_vocabulary(str(full), tmp_path / "small", PieceSelection(corpora=("replay-en",)))
    # removed: [unused] (1) and never (7); b is a single character
    assert (size.before, size.after) == (10, 8)
    assert ids_of(full, "goods bad") == [3, 5, 6, 8, 4]
    assert ids_of(tmp_path / "small", "goods bad") == [2, 4, 5, 6, 3]
    assert ids_of(tmp_path / "small", "never") == [2, 1, 3]
    assert embeddings_of(tmp_path / "small").tolist() == embeddings_of(full)[[0, 2, 3, 4, 5, 6, 8, 9]].tolist()


def test_a_vocabulary_reduction_with_invalid_options_is_refused(tmp_path, monkeypatch):
    full = wordpiece_folder(tmp_path / "full")
    for like, names in ((None, ()), (full, ("replay-en",))):
        with pytest.raises(BadRequest, match="either --like FOLDER or --corpus NAME"):
            reduce_vocabulary(str(full), tmp_path / "small", PieceSelection(like, names))
    monkeypatch.setattr(vocabulary, "snapshot_download", lambda *_, **__: 1 / 0)
    with pytest.raises(BadRequest, match="--model no/such: not a folder, and not available from the Hub"):
        reduce_vocabulary("no/such", tmp_path / "small", PieceSelection(like=full))
    file = full / "tokenizer.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"model": {"type": "BPE"}}))
    with pytest.raises(BadRequest, match="type BPE cannot be reduced; Unigram, WordPiece, WordLevel can"):
        reduce_vocabulary(str(full), tmp_path / "small", PieceSelection(like=full))


def test_a_model_on_the_hub_is_reduced_from_its_local_copy_and_named_as_the_origin(tmp_path, monkeypatch):
    full = unigram_folder(tmp_path / "full", ["▁good", "▁day"])
    asked = []
    monkeypatch.setattr(vocabulary, "snapshot_download", lambda name, **_: asked.append(name) or str(full))
    reduce_vocabulary("intfloat/multilingual-e5-small", tmp_path / "small", PieceSelection(like=full))
    assert asked == ["intfloat/multilingual-e5-small"]
    assert json.loads((tmp_path / "small" / "config.json").read_text())["made_from"] == asked[0]
    assert embeddings_of(tmp_path / "small").tolist() == embeddings_of(full).tolist()
