"""A Chinese expert that is small enough to be built in a test: what it answers is random, the way it takes is real."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification

from product.inference import packing
from product.sentiment import LABELS
from training.data import catalogue as corpora
from training.modelling.packaging import ExpertParts, build_expert, complete_version

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


def write_checkpoint(folder: Path) -> Path:
    folder.mkdir(parents=True)
    vocabulary = write_tokenizer(folder / "tokenizer.json")
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        initializer_range=0.3,
        num_labels=len(LABELS),
        id2label=dict(enumerate(LABELS)),
        label2id={label: index for index, label in enumerate(LABELS)},
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def write_tokenizer(file: Path) -> int:
    """One piece for each Chinese character of the project's own messages. Returns how many pieces there are."""
    characters = sorted(set("".join(row.text for row in corpora.load("replay-zh", "train", corpus_dir=""))) - {" "})
    ids = {piece: index for index, piece in enumerate((*SPECIAL, *characters))}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", ids["[SEP]"]), ("[CLS]", ids["[CLS]"]))
    tokenizer.save(str(file))
    return len(ids)


def build_version(checkpoint: Path, out: Path) -> Path:
    model = BertForSequenceClassification.from_pretrained(checkpoint)
    packing.pack(model, out / "zh" / "packed", bits=8, embedding_bits=8)
    parts = ExpertParts(None, ["zh/packed"], checkpoint / "tokenizer.json", max_tokens=64, float_layers=1)
    expert = build_expert(out, "zh", parts, corpora.load("replay-zh", "validation", corpus_dir=""))
    complete_version(
        out, "zh-1", {"zh": expert}, {"metrics": {"desk-zh test": {"rows": 1}}, "data": {"seen": "nothing"}}
    )
    return out
