"""A request to train, resolved: rows, targets, the model to start from; and what training writes.

A plan can be pickled: the other processes of a run get it from the first one.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from transformers import PreTrainedModel

from product.inference import checkpoint, packing
from product.inference import manifest as manifests
from product.inference.model import TOKENIZER_FILE
from product.inference.text import TextEncoder
from product.settings.configuration import Settings
from training.compression.distillation import (
    EMBEDDING_BITS,
    Teacher,
    check_bits,
    drop_low_confidence,
    keep_layers,
    parse_layers,
    teacher_targets,
    teachers_of,
)
from training.data.augmentation import misspell
from training.data.catalogue import Row, find
from training.data.cleaning import BadRequest, Step, is_weak, parse_request, prepared
from training.modelling import distributed
from training.modelling.trainer import (
    FULL,
    Recipe,
    Targets,
    claim,
    encode,
    halve,
    machine,
    mixed_precision,
    save,
    share_of_batch,
    train,
)
from training.retraining.dataset import some

TRAINED, HISTORY, RESULT = "trained", "history.json", "result.json"
STAGE = ("corpora", "recipe", "options", "rows", "seconds")
"""What a version's manifest keeps of each run that led to it."""
ALPHA = 2
"""An adapter's alpha for each rank."""


@dataclass(frozen=True)
class Options:
    """What a run may be asked for beside its recipe.

    `layers`: the encoder layers to keep, as `0,2,4`. `teachers`: checkpoints to learn from. `start`: a checkpoint,
    maybe packed, to go on from instead of a base with a fresh head. `validation_rows`: at most so many of each corpus
    while training. `checkpoint_only`: weights and tokenizer alone. `pack`: bits of the weights, 0 for half precision.
    """

    layers: str = ""
    teachers: tuple[Teacher, ...] = ()
    start: Path | None = None
    validation_rows: int | None = None
    checkpoint_only: bool = False
    pack: int = 0


@dataclass(frozen=True)
class Plan:
    """Rows and models of a run. `validation` are all rows, `watched` those that watch the training; `base` is None
    where `start` brings all that it takes."""

    recipe: Recipe
    options: Options
    base: Path | None
    tokenizer: Path
    layers: list[int]
    positions: int
    rows: list[Row]
    targets: Targets | None
    validation: list[Row]
    watched: list[Row]
    steps: list[Step]
    work: Path

    @property
    def on_base(self) -> bool:
        """Whether training starts from the base as it is, so that an adapter alone tells the whole difference."""
        return not self.layers and not self.options.start


def recipe_for(method: str, overrides: dict) -> Recipe:
    """Raises BadRequest for what is not known or not possible, BadRun for what this machine cannot do."""
    known = {"lora": {}, "full": FULL}
    if method not in known:
        raise BadRequest(f"--method {method!r} is not known; known are {', '.join(known)}")
    if "rank" in overrides:
        overrides = {"alpha": ALPHA * overrides["rank"]} | overrides
    recipe = replace(Recipe(**known[method]), **overrides)
    for name, lowest in (("batch_size", 1), ("evaluations_per_epoch", 1), ("max_tokens", 8), ("rank", 1)):
        if getattr(recipe, name) < lowest:
            raise BadRequest(f"{name.replace('_', ' ')} {getattr(recipe, name)}: {lowest} or more is allowed")
    for name in ("soft_share", "warmup", "weight_decay", "label_smoothing", "misspelled"):
        if not 0 <= getattr(recipe, name) <= 1:
            raise BadRequest(f"{name.replace('_', ' ')} {getattr(recipe, name)}: 0 to 1 is allowed")
    mixed_precision(recipe.precision)
    share_of_batch(recipe)
    return recipe


def make(
    settings: Settings,
    corpora: list[str],
    recipe: Recipe,
    options: Options,
    *,
    base: str,
    language: str,
    out: Path,
    say: Callable,
) -> Plan:
    """Everything that is done once for a run whose result goes to `out`. Raises BadRequest, BadRun, BadBase."""
    check(recipe, options)
    folder = _base_folder(settings, options, base, language)
    tokenizer, config = _found(options, folder)
    layers = parse_layers(options.layers, config["num_hidden_layers"]) if options.layers else []
    if recipe.max_tokens > config["max_position_embeddings"]:
        raise BadRequest(f"--tokens {recipe.max_tokens}: this model reads {config['max_position_embeddings']} at most")
    _check_teachers(recipe, options, config, corpora)
    work = out.with_name(f".{out.name}.work")
    claim(work, _request(corpora, folder, recipe, options))
    rows, validation, steps = prepared(corpora, recipe.seed)
    for step in steps:
        say(str(step))
    targets = None
    if options.teachers:
        targets = teacher_targets(options.teachers, rows, recipe, out.parent / ".teacher-cache", say)
        if any(is_weak(row) for row in rows):
            rows, targets, step = drop_low_confidence(rows, targets)
            steps.append(step)
            say(str(step))
    return Plan(
        recipe=recipe,
        options=options,
        base=folder,
        tokenizer=tokenizer,
        layers=layers,
        positions=config["max_position_embeddings"],
        rows=rows,
        targets=targets,
        validation=validation,
        watched=fewer(validation, options.validation_rows, recipe.seed),
        steps=steps,
        work=work,
    )


def check(recipe: Recipe, options: Options) -> None:
    """Raises BadRequest where options do not go together."""
    if options.pack:
        check_bits(options.pack, "--pack")
        if recipe.method != "full":
            raise BadRequest("--pack goes with --method full: an adapter is small as it is")
        if options.checkpoint_only:
            raise BadRequest("--pack and --checkpoint-only: one of them; `compress pack` packs a checkpoint later")
    if options.validation_rows is not None and options.validation_rows < 1:
        raise BadRequest(f"--validation-rows {options.validation_rows}: 1 or more is allowed")
    if recipe.hidden_share and len(options.teachers) != 1:
        raise BadRequest(
            "--hidden-share says how much of a teacher's hidden state is learned: name it with --teacher, and it alone"
        )
    start = options.start
    if start and not packing.is_packed(start) and not (start / "model.safetensors").is_file():
        raise BadRequest(f"--start {start}: neither model.safetensors nor {packing.FILE} is in it")


def _base_folder(settings: Settings, options: Options, base: str, language: str) -> Path | None:
    """The base's folder; None where `start` is complete and will not be packed as a difference from it."""
    start = options.start
    differs = options.pack and language == "en"
    if start and not differs and not (packing.is_packed(start) and packing.needs_base(start)) and not base:
        return None
    return checkpoint.locate_base(base or (settings.base_model if language == "en" else ""))


def _found(options: Options, folder: Path | None) -> tuple[Path, dict]:
    """The tokenizer's file and the config of the model to start from."""
    homes = [home for home in (options.start, folder) if home]
    tokenizer = next((home / TOKENIZER_FILE for home in homes if (home / TOKENIZER_FILE).is_file()), None)
    if tokenizer is None:
        raise BadRequest(f"{homes[0]}: {TOKENIZER_FILE} is missing; put it there, or name a --base that has it")
    return tokenizer, json.loads((homes[0] / "config.json").read_text(encoding="utf-8"))


def _check_teachers(recipe: Recipe, options: Options, config: dict, corpora: list[str]) -> None:
    names = [parse_request(request)[0] for request in corpora]
    for teacher in options.teachers:
        if teacher.corpus and teacher.corpus not in names:
            raise BadRequest(f"--teacher {teacher.corpus}=…: that corpus is not asked for; asked: {', '.join(names)}")
    for name in names:
        if find(name).weak and not teachers_of(name, options.teachers):
            raise BadRequest(f"--corpus {name}: its labels are too weak to be learned alone: name a --teacher")
    if recipe.hidden_share:
        folder = options.teachers[0].folder
        width = json.loads((folder / "config.json").read_text(encoding="utf-8"))["hidden_size"]
        if width != config["hidden_size"]:
            raise BadRequest(
                f"--hidden-share needs a teacher as wide as the student: it has {width} values a token, "
                f"the student {config['hidden_size']}; leave --hidden-share out"
            )


def _request(corpora: list[str], folder: Path | None, recipe: Recipe, options: Options) -> dict:
    """What training depends on. How its result is written is not in it."""
    asked = {"layers": options.layers, "validation_rows": options.validation_rows}
    asked |= {
        "start": str(options.start or ""),
        "teachers": [[str(one.folder), one.corpus] for one in options.teachers],
    }
    return {"corpora": corpora, "base": str(folder or ""), "recipe": asdict(recipe), "options": asked}


def told(plan: Plan, origins: dict[str, str], seconds: float) -> dict:
    """What a run was: for its result file, and for the manifest of what comes of it. `before` are the runs that made
    the teachers and the start, the earliest first."""
    before = earlier(plan.options)
    return {
        "base": before[0]["base"] if before else base_name(plan),
        "corpora": origins,
        "steps": [vars(step) for step in plan.steps],
        "recipe": asdict(plan.recipe),
        "options": {name: _named(value) for name, value in vars(plan.options).items() if value},
        "rows": len(plan.rows),
        "seconds": round(seconds, 1),
        "machine": machine(),
        "before": before,
    }


def earlier(options: Options) -> list[dict]:
    """The runs behind the teachers and the start, as their result files tell them; none where there is no such file."""
    return runs_behind([*(one.folder for one in options.teachers), *([options.start] if options.start else [])])


def runs_behind(folders: list[Path]) -> list[dict]:
    """The runs that led to checkpoints, each once, as the result files beside them tell it."""
    found: list[dict] = []
    for folder in folders:
        if (folder / RESULT).is_file():
            result = json.loads((folder / RESULT).read_text(encoding="utf-8"))
            result.pop("history", None)
            # An average of checkpoints is no run: it has only runs before it.
            found += [run for run in [*result.pop("before", []), result] if run and run not in found]
    return found


def base_name(plan: Plan) -> str:
    """How a card calls the model that a run began with: by what its config says, else by its folder."""
    folder = plan.base or plan.options.start
    weights = folder / "model.safetensors"
    if weights.is_file() and manifests.sha256(weights) == checkpoint.BASE_SHA256:
        return checkpoint.HUB_ID
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return config.get("made_from") or folder.name


def _named(value: Path | str | int | tuple[Teacher, ...]) -> str:
    """A folder by its name alone: where it lies is of this machine."""
    if isinstance(value, tuple):
        return ", ".join(f"{one.corpus}={one.folder.name}" if one.corpus else one.folder.name for one in value)
    return value.name if isinstance(value, Path) else str(value)


def fewer(rows: list[Row], limit: int | None, seed: int) -> list[Row]:
    """At most `limit` rows of each corpus, drawn by the seed."""
    sources = sorted({row.source for row in rows})
    return [row for name in sources for row in some([one for one in rows if one.source == name], limit, seed)]


def starting_model(plan: Plan) -> PreTrainedModel:
    """The model that training starts from, fp32: the same each time, a fresh head too."""
    torch.manual_seed(plan.recipe.seed)
    start = [plan.options.start] if plan.options.start else []
    model = checkpoint.assemble(plan.base, start) if start else checkpoint.load_base(plan.base, dtype=torch.float32)
    if plan.layers:
        keep_layers(model, plan.layers)
    # What an adapter is merged into later is kept in half precision: it learns on just that.
    return model if plan.recipe.method == "full" or plan.on_base else model.half().float()


def learn(plan: Plan) -> list[dict]:
    """Train; the result lies in the work folder after it. Returns the history. Every process of a run calls this."""
    history = plan.work / HISTORY
    if history.is_file():
        return json.loads(history.read_text(encoding="utf-8"))
    encoder = TextEncoder(plan.tokenizer, plan.recipe.max_tokens)
    # Only now: the teacher has read the rows as they were written.
    rows = misspell(plan.rows, plan.recipe.misspelled, plan.recipe.seed)
    data = encode(rows, encoder, plan.targets)
    model, told = train(starting_model(plan), data, plan.watched, plan.recipe, plan.work, encoder)
    return keep(plan, model, told)


def keep(plan: Plan, model, told: list[dict]) -> list[dict]:
    """Put the trained weights down whole: what comes after may be killed, and need not train again."""
    if distributed.is_first():
        model.save_pretrained(plan.work / TRAINED)
        (plan.work / HISTORY).write_text(json.dumps(told), encoding="utf-8")
    return told


def trained_model(plan: Plan) -> PreTrainedModel:
    """What came of it as one model, adapters merged, fp32."""
    if plan.recipe.method == "full":
        return checkpoint.load_base(plan.work / TRAINED, dtype=torch.float32)
    return checkpoint.merge(starting_model(plan), plan.work / TRAINED)


def write_checkpoint(plan: Plan, folder: Path) -> None:
    """All weights in half precision, config and tokenizer: a teacher, or a start for another run."""
    save(trained_model(plan), folder)
    shutil.copy(plan.tokenizer, folder / TOKENIZER_FILE)


def write_parts(plan: Plan, language: str, draft: Path) -> tuple[Path | None, list[str]]:
    """Write the parts of an expert under `draft`. Returns (the folder of the base they belong to, their names)."""
    if plan.recipe.method == "lora":
        return _write_adapter(plan, language, draft)
    if not plan.options.pack:
        save(trained_model(plan), draft / language / "checkpoint")
        return None, [f"{language}/checkpoint"]
    return write_packed(trained_model(plan), plan.base, plan.tokenizer, plan.options.pack, language, draft)


def write_packed(
    model: PreTrainedModel, base: Path | None, tokenizer: Path, bits: int, language: str, draft: Path
) -> tuple[Path | None, list[str]]:
    """The model as the one part of an expert, as a difference from `base` where that can be."""
    base = reference(base, tokenizer, model)
    packing.pack(model, draft / language / "packed", bits=bits, embedding_bits=EMBEDDING_BITS, base=base)
    return base, [f"{language}/packed"]


def _write_adapter(plan: Plan, language: str, draft: Path) -> tuple[Path | None, list[str]]:
    shutil.copytree(plan.work / TRAINED, draft / language / "adapter")
    halve(draft / language / "adapter")
    if plan.on_base:
        return plan.base, [f"{language}/adapter"]
    save(starting_model(plan), draft / language / "start")
    return None, [f"{language}/start", f"{language}/adapter"]


def reference(base: Path | None, tokenizer: Path, model: PreTrainedModel) -> Path | None:
    """The base, if every installation has it and the model is made of it: then only the difference is kept."""
    if not base or manifests.sha256(base / "model.safetensors") != checkpoint.BASE_SHA256:
        return None
    same_words = manifests.sha256(base / TOKENIZER_FILE) == manifests.sha256(tokenizer)
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    shape = ("hidden_size", "intermediate_size", "vocab_size", "max_position_embeddings", "type_vocab_size")
    return base if same_words and all(config[name] == getattr(model.config, name) for name in shape) else None
