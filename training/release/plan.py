"""A training request, resolved: rows, targets and the model to start from.

A plan can be pickled: the other processes of a run receive it from the first one.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from product.inference import checkpoint, packing
from product.inference.model import TOKENIZER_FILE
from product.settings.configuration import Settings
from training.compression.checkpoints import check_bits
from training.compression.distillation import Teacher, drop_low_confidence, teacher_targets, teachers_for
from training.compression.pruning import parse_layers
from training.data.catalogue import find, is_weakly_labelled
from training.data.preparation import parse_request, prepared, subsample_each_corpus
from training.data.rows import BadRequest, Row, Step
from training.modelling.batches import Targets
from training.modelling.recipe import FULL, Recipe, mixed_precision, rows_per_process
from training.modelling.run_folder import open_run_folder

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
    rows_per_process(recipe)
    return recipe


def make_plan(
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
    check_options(recipe, options)
    folder = _base_folder(settings, options, base, language)
    tokenizer, config = _found(options, folder)
    layers = parse_layers(options.layers, config["num_hidden_layers"]) if options.layers else []
    if recipe.max_tokens > config["max_position_embeddings"]:
        raise BadRequest(f"--tokens {recipe.max_tokens}: this model reads {config['max_position_embeddings']} at most")
    _check_teachers(recipe, options, config, corpora)
    work = out.with_name(f".{out.name}.work")
    open_run_folder(work, _request(corpora, folder, recipe, options))
    prepared_rows = prepared(corpora, settings.corpus_dir, recipe.seed)
    rows, validation, steps = prepared_rows.train, prepared_rows.validation, prepared_rows.steps
    for step in steps:
        say(str(step))
    targets = None
    if options.teachers:
        targets = teacher_targets(options.teachers, rows, recipe, out.parent / ".teacher-cache")
        if any(is_weakly_labelled(row) for row in rows):
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
        watched=subsample_each_corpus(validation, options.validation_rows, recipe.seed),
        steps=steps,
        work=work,
    )


def check_options(recipe: Recipe, options: Options) -> None:
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
        if find(name).weakly_labelled and not teachers_for(name, options.teachers):
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
