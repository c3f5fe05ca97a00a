"""A smaller vocabulary: the pieces that are needed, with their embeddings; ids are counted anew."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from huggingface_hub import snapshot_download
from safetensors.torch import load_file
from tokenizers import Tokenizer

from product.inference.model import TOKENIZER_FILE
from product.inference.text import prepare
from training.compression.distillation import CHECKPOINT, checked_folder, write_checkpoint
from training.data import catalogue as corpora
from training.data.rows import BadRequest

TABLE = re.compile(r"(.*\.)?embeddings\.word_embeddings\.weight")
KINDS = ("Unigram", "WordPiece", "WordLevel")
BESIDE = ("tokenizer_config.json", "special_tokens_map.json")
"""Files that name special tokens by their text, so that they stay right."""
BATCH = 4096


@dataclass(frozen=True)
class Cut:
    """How many pieces there were and are."""

    before: int
    after: int


def locate(model: str) -> Path:
    """The folder of a checkpoint: the one named, else the Hub's copy. Raises BadRequest."""
    if Path(model).is_dir():
        return checked_folder(Path(model), "--model")
    try:
        folder = snapshot_download(model, allow_patterns=[*CHECKPOINT, *BESIDE])
    except Exception as error:
        raise BadRequest(
            f"--model {model}: neither a folder nor to be had from the Hub ({type(error).__name__}: {error})"
        ) from error
    return checked_folder(Path(folder), "--model")


def cut(model: str, out: Path, *, like: Path | None, names: list[str], corpus_dir: str, say: Callable) -> Cut:
    """Write the checkpoint with only the pieces of another checkpoint's tokenizer (`like`), or those that the training
    rows of the corpora `names` use and all single characters. Special tokens stay in either case.

    Raises BadRequest, CorpusUnavailable.
    """
    if bool(like) == bool(names):
        raise BadRequest("say which pieces stay: by --like FOLDER or by --corpus NAME, one of them")
    folder = locate(model)
    tokenizer = json.loads((folder / TOKENIZER_FILE).read_text(encoding="utf-8"))
    kind = tokenizer["model"].get("type")
    if kind not in KINDS:
        raise BadRequest(f"--model {model}: a vocabulary of type {kind} cannot be cut; {', '.join(KINDS)} can")
    wanted = pieces_like(like) if like else pieces_of(folder, tokenizer, names, corpus_dir, say)
    kept = kept_ids(tokenizer, wanted)
    if len(kept) == len(tokenizer["added_tokens"]):
        raise BadRequest(f"--like {like}: its tokenizer shares no piece with that of {model}")
    _write(folder, out, tokenizer, kept, name=model)
    return Cut(len(pieces(tokenizer)), len(kept))


def pieces(tokenizer: dict) -> dict[str, int]:
    """Piece to id, special tokens among them, of a tokenizer.json."""
    vocabulary = tokenizer["model"]["vocab"]
    if tokenizer["model"]["type"] == "Unigram":
        vocabulary = {piece: index for index, (piece, _) in enumerate(vocabulary)}
    return vocabulary | {token["content"]: token["id"] for token in tokenizer["added_tokens"]}


def pieces_like(folder: Path) -> set[str]:
    file = folder / TOKENIZER_FILE
    if not file.is_file():
        raise BadRequest(f"--like {folder}: there is no {TOKENIZER_FILE} in it")
    return set(Tokenizer.from_file(str(file)).get_vocab())


def pieces_of(folder: Path, tokenizer: dict, names: list[str], corpus_dir: str, say: Callable) -> set[str]:
    """The pieces that the corpora's training rows use, and every single character."""
    reader = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    reader.no_truncation()
    reader.no_padding()
    used: set[str] = {piece for piece in pieces(tokenizer) if len(bare(piece)) <= 1}
    for name in names:
        texts = [prepare(row.text) for row in corpora.load_clean(name, "train", corpus_dir)]
        say(f"reading {len(texts):,} training rows of {name}")
        for start in range(0, len(texts), BATCH):
            for encoding in reader.encode_batch(texts[start : start + BATCH]):
                used.update(encoding.tokens)
    return used


def bare(piece: str) -> str:
    """A piece without the mark that says whether a word begins or goes on with it."""
    return piece.removeprefix("##").removeprefix("▁")


def kept_ids(tokenizer: dict, wanted: set[str]) -> list[int]:
    """Ids of the wanted pieces and of all special tokens, rising: their order stays, so `[PAD]` 0 stays 0."""
    model, special = tokenizer["model"], {token["content"] for token in tokenizer["added_tokens"]}
    if model.get("unk_token"):
        special.add(model["unk_token"])
    ids = {index for piece, index in pieces(tokenizer).items() if piece in wanted or piece in special}
    if model.get("unk_id") is not None:
        ids.add(model["unk_id"])
    return sorted(ids)


def renumbered(tokenizer: dict, kept: list[int]) -> dict:
    """The tokenizer.json with the pieces of the kept ids alone, counted anew from 0 in their order."""
    new = {old: index for index, old in enumerate(kept)}
    model = dict(tokenizer["model"])
    if model["type"] == "Unigram":
        model["vocab"] = [entry for index, entry in enumerate(model["vocab"]) if index in new]
        model["unk_id"] = new.get(model.get("unk_id"))
    else:
        model["vocab"] = {piece: new[index] for piece, index in model["vocab"].items() if index in new}
    added = [token | {"id": new[token["id"]]} for token in tokenizer["added_tokens"]]
    changed = {"model": model, "added_tokens": added}
    if tokenizer.get("post_processor"):
        changed["post_processor"] = _renumbered_processor(tokenizer["post_processor"], new)
    if tokenizer.get("padding"):
        changed["padding"] = tokenizer["padding"] | {"pad_id": new[tokenizer["padding"]["pad_id"]]}
    return tokenizer | changed


def _renumbered_processor(processor: dict, new: dict[int, int]) -> dict:
    """Templates name special tokens with their ids, BERT's and RoBERTa's as [token, id]."""
    changed: dict = {}
    if "processors" in processor:
        changed["processors"] = [_renumbered_processor(each, new) for each in processor["processors"]]
    if "special_tokens" in processor:
        changed["special_tokens"] = {
            name: token | {"ids": [new[index] for index in token["ids"]]}
            for name, token in processor["special_tokens"].items()
        }
    changed |= {name: [processor[name][0], new[processor[name][1]]] for name in ("sep", "cls") if name in processor}
    return processor | changed


def _write(folder: Path, out: Path, tokenizer: dict, kept: list[int], name: str) -> None:
    tensors = load_file(folder / "model.safetensors")
    name = next((name for name in tensors if TABLE.fullmatch(name)), None)
    if name is None:
        raise BadRequest(f"--model {folder}: there is no table of word embeddings in its model.safetensors")
    tensors[name] = tensors[name][torch.tensor(kept)].contiguous()
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    new = {old: index for index, old in enumerate(kept)}
    # Padding is masked, so serving may pad with 0 whatever the id; the config says what it is.
    ids = {key: new.get(value) for key, value in config.items() if key.endswith("_token_id") and isinstance(value, int)}
    origin = {"made_from": name} if not Path(name).exists() else {}  # a Hub id: what a card calls the base
    write_checkpoint(out, tensors, config | ids | origin | {"vocab_size": len(kept)})
    told = json.dumps(renumbered(tokenizer, kept), ensure_ascii=False)
    (out / TOKENIZER_FILE).write_text(told, encoding="utf-8")
    for beside in BESIDE:
        if (folder / beside).is_file():
            shutil.copy(folder / beside, out / beside)
