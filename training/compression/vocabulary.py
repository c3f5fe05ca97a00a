"""Reduce the vocabulary of a checkpoint to selected pieces, and renumber their ids and embeddings."""

import json
import logging
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from safetensors.torch import load_file
from tokenizers import Tokenizer

from product.inference.model import TOKENIZER_FILE
from product.inference.text.encoding import prepare
from product.progress import report
from training.compression.checkpoints import CHECKPOINT_FILES, require_checkpoint, write_checkpoint
from training.data import catalogue
from training.data.rows import BadRequest

log = logging.getLogger(__name__)

WORD_EMBEDDINGS = re.compile(r"(.*\.)?embeddings\.word_embeddings\.weight")
TOKENIZER_TYPES = ("Unigram", "WordPiece", "WordLevel")
SPECIAL_TOKEN_FILES = ("tokenizer_config.json", "special_tokens_map.json")
"""Files that name special tokens by their text, so they stay valid."""
BATCH = 4096


@dataclass(frozen=True)
class PieceSelection:
    """The pieces to keep: those of another checkpoint's tokenizer (`like`), or those in the training rows of `corpora`
    and all single characters. Exactly one of the two is given. Special tokens are always kept."""

    like: Path | None = None
    corpora: tuple[str, ...] = ()
    corpus_dir: str = ""


@dataclass(frozen=True)
class VocabularySize:
    """The number of pieces before and after."""

    before: int
    after: int


def reduce_vocabulary(model: str, out: Path, selection: PieceSelection) -> VocabularySize:
    """Write the checkpoint `model` (a folder or a Hub id) with only the selected pieces.

    Raises BadRequest, CorpusUnavailable.
    """
    if bool(selection.like) == bool(selection.corpora):
        raise BadRequest("choose the pieces to keep with either --like FOLDER or --corpus NAME")
    folder = locate(model)
    tokenizer = json.loads((folder / TOKENIZER_FILE).read_text(encoding="utf-8"))
    kind = tokenizer["model"].get("type")
    if kind not in TOKENIZER_TYPES:
        raise BadRequest(
            f"--model {model}: a vocabulary of type {kind} cannot be reduced; {', '.join(TOKENIZER_TYPES)} can"
        )
    selected = pieces_of_tokenizer(selection.like) if selection.like else pieces_used(folder, tokenizer, selection)
    kept = kept_ids(tokenizer, selected)
    if len(kept) == len(tokenizer["added_tokens"]):
        raise BadRequest(f"--like {selection.like}: its tokenizer shares no piece with that of {model}")
    _write(folder, out, tokenizer, kept, model)
    return VocabularySize(len(pieces(tokenizer)), len(kept))


def locate(model: str) -> Path:
    """The folder of a checkpoint: `model` itself, or the local copy if it is a Hub id. Raises BadRequest."""
    if Path(model).is_dir():
        return require_checkpoint(Path(model), "--model")
    try:
        folder = snapshot_download(model, allow_patterns=[*CHECKPOINT_FILES, *SPECIAL_TOKEN_FILES])
    except Exception as error:
        raise BadRequest(
            f"--model {model}: not a folder, and not available from the Hub ({type(error).__name__}: {error})"
        ) from error
    return require_checkpoint(Path(folder), "--model")


def pieces(tokenizer: dict[str, Any]) -> dict[str, int]:
    """The ids of all pieces in a tokenizer.json, special tokens included."""
    listed = tokenizer["model"]["vocab"]
    unigram = tokenizer["model"]["type"] == "Unigram"
    vocabulary: dict[str, int] = {piece: index for index, (piece, _) in enumerate(listed)} if unigram else listed
    return vocabulary | {token["content"]: token["id"] for token in tokenizer["added_tokens"]}


def pieces_of_tokenizer(folder: Path) -> set[str]:
    """All pieces of the tokenizer in a folder. Raises BadRequest."""
    file = folder / TOKENIZER_FILE
    if not file.is_file():
        raise BadRequest(f"--like {folder}: {TOKENIZER_FILE} is missing")
    return set(Tokenizer.from_file(str(file)).get_vocab())


def pieces_used(folder: Path, tokenizer: dict[str, Any], selection: PieceSelection) -> set[str]:
    """The pieces that the corpora's training rows use, and every single character."""
    reader = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    reader.no_truncation()
    reader.no_padding()
    used = {piece for piece in pieces(tokenizer) if len(without_marker(piece)) <= 1}
    for name in selection.corpora:
        texts = [prepare(row.text) for row in catalogue.load_clean(name, "train", selection.corpus_dir)]
        log.info("reading %s training rows of %s", f"{len(texts):,}", name)
        for start in range(0, len(texts), BATCH):
            report(name, start, len(texts))
            for encoding in reader.encode_batch(texts[start : start + BATCH]):
                used.update(encoding.tokens)
    return used


def without_marker(piece: str) -> str:
    """A piece without the marker for the beginning or the continuation of a word."""
    return piece.removeprefix("##").removeprefix("▁")


def kept_ids(tokenizer: dict[str, Any], selected: set[str]) -> list[int]:
    """Ids of the selected pieces and all special tokens, sorted. The order is kept, so `[PAD]` stays 0."""
    model, special = tokenizer["model"], {token["content"] for token in tokenizer["added_tokens"]}
    if model.get("unk_token"):
        special.add(model["unk_token"])
    ids = {index for piece, index in pieces(tokenizer).items() if piece in selected or piece in special}
    if model.get("unk_id") is not None:
        ids.add(model["unk_id"])
    return sorted(ids)


def renumbered(tokenizer: dict[str, Any], kept: list[int]) -> dict[str, Any]:
    """The tokenizer.json with only the pieces of the kept ids, renumbered from 0 in their order."""
    new: dict[int | None, int] = {old: index for index, old in enumerate(kept)}
    model = dict(tokenizer["model"])
    if model["type"] == "Unigram":
        model["vocab"] = [entry for index, entry in enumerate(model["vocab"]) if index in new]
        model["unk_id"] = new.get(model.get("unk_id"))
    else:
        model["vocab"] = {piece: new[index] for piece, index in model["vocab"].items() if index in new}
    added = [token | {"id": new[token["id"]]} for token in tokenizer["added_tokens"]]
    changed: dict[str, Any] = {"model": model, "added_tokens": added}
    if tokenizer.get("post_processor"):
        changed["post_processor"] = _renumbered_processor(tokenizer["post_processor"], new)
    if tokenizer.get("padding"):
        changed["padding"] = tokenizer["padding"] | {"pad_id": new[tokenizer["padding"]["pad_id"]]}
    return tokenizer | changed


def _renumbered_processor(processor: dict[str, Any], new: dict[int | None, int]) -> dict[str, Any]:
    """Template processors name special tokens with their ids; those of BERT and RoBERTa use [token, id]."""
    changed: dict[str, Any] = {}
    if "processors" in processor:
        changed["processors"] = [_renumbered_processor(part, new) for part in processor["processors"]]
    if "special_tokens" in processor:
        changed["special_tokens"] = {
            name: token | {"ids": [new[index] for index in token["ids"]]}
            for name, token in processor["special_tokens"].items()
        }
    changed |= {name: [processor[name][0], new[processor[name][1]]] for name in ("sep", "cls") if name in processor}
    return processor | changed


def _write(folder: Path, out: Path, tokenizer: dict[str, Any], kept: list[int], model: str) -> None:
    tensors = load_file(folder / "model.safetensors")
    name = next((name for name in tensors if WORD_EMBEDDINGS.fullmatch(name)), None)
    if name is None:
        raise BadRequest(f"--model {folder}: model.safetensors has no word embeddings")
    tensors[name] = tensors[name][torch.tensor(kept)].contiguous()
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    new = {old: index for index, old in enumerate(kept)}
    # Padding is masked, so serving may pad with 0 whatever its id; the config still records the id.
    ids = {key: new.get(value) for key, value in config.items() if key.endswith("_token_id") and isinstance(value, int)}
    # The model card names a Hub id as the base.
    origin = {} if Path(model).exists() else {"made_from": model}
    write_checkpoint(out, tensors, config | ids | origin | {"vocab_size": len(kept)})
    content = json.dumps(renumbered(tokenizer, kept), ensure_ascii=False)
    (out / TOKENIZER_FILE).write_text(content, encoding="utf-8")
    for file in SPECIAL_TOKEN_FILES:
        if (folder / file).is_file():
            shutil.copy(folder / file, out / file)
