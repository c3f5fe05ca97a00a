"""Check a request to train and resolve it to a plan: rows, targets and the model to start from.

Plans can be pickled: the first process of a run makes the plan and sends it to the others.
"""

import json
import logging
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from product.inference import checkpoint, packing
from product.inference.model import TOKENIZER_FILE
from product.settings.configuration import Settings
from training.compression.checkpoints import check_bits
from training.compression.distillation import Teacher, drop_low_confidence, teacher_targets, teachers_for
from training.compression.pruning import parse_layers
from training.data.catalogue import find, is_weakly_labelled
from training.data.preparation import PreparedRows, parse_request, prepare, subsample_each_corpus
from training.data.rows import BadRequest, Row, Step
from training.modelling.batches import Targets
from training.modelling.folders import open_run_folder
from training.modelling.recipe import FULL, Recipe, mixed_precision, rows_per_process

log = logging.getLogger(__name__)
ALPHA_PER_RANK = 2
"""The alpha of an adapter is this times its rank."""
METHODS: dict[str, dict[str, Any]] = {"lora": {}, "full": FULL}
"""The fields of a recipe that each method sets."""
MINIMA = {"batch_size": 1, "evaluations_per_epoch": 1, "max_tokens": 8, "rank": 1}
SHARES = ("soft_share", "warmup", "weight_decay", "label_smoothing", "misspelled")
"""Fields of a recipe that must be 0 to 1."""


@dataclass(frozen=True)
class Options:
    """The options of a run that are not hyper-parameters.

    `layers`: the encoder layers to keep, such as `0,2,4`; empty for all. `teachers`: checkpoints to learn from.
    `start`: a checkpoint, packed or not, to continue from instead of a base with a fresh head. `validation_rows`: the
    maximum per corpus during training; None for all. `checkpoint_only`: write weights and tokenizer, no version.
    `pack`: bits of the stored weights; 0 for half precision.
    """

    layers: str = ""
    teachers: tuple[Teacher, ...] = ()
    start: Path | None = None
    validation_rows: int | None = None
    checkpoint_only: bool = False
    pack: int = 0


@dataclass(frozen=True)
class Request:
    """What to train: `corpora` as the command line names them, the expert's language, and the folder of the result.

    `base` is a folder or a Hub id; empty for the base model of the settings.
    """

    corpora: list[str]
    recipe: Recipe
    out: Path
    base: str = ""
    language: str = "en"
    options: Options = Options()


@dataclass(frozen=True)
class Plan:
    """Rows and models of a run.

    `validation` has all validation rows, `early_stopping_rows` those evaluated during training. `base` is None if
    `start` is complete by itself. `positions` is the number of tokens that the model can read.
    """

    request: Request
    base: Path | None
    tokenizer: Path
    layers: list[int]
    positions: int
    rows: list[Row]
    targets: Targets | None
    validation: list[Row]
    early_stopping_rows: list[Row]
    steps: list[Step]
    work: Path

    @property
    def recipe(self) -> Recipe:
        return self.request.recipe

    @property
    def options(self) -> Options:
        return self.request.options

    @property
    def language(self) -> str:
        return self.request.language

    @property
    def on_base(self) -> bool:
        """Whether training starts from the unchanged base, so that an adapter holds the whole difference."""
        return not self.layers and not self.options.start


def recipe_for(method: str, overrides: dict[str, Any]) -> Recipe:
    """The recipe of a method with some of its fields replaced.

    Raises BadRequest if the method is unknown or a value is not allowed, BadRun if this machine cannot run the recipe.
    """
    if method not in METHODS:
        raise BadRequest(f"--method {method!r} is unknown; choose one of {', '.join(METHODS)}")
    if "rank" in overrides:
        overrides = {"alpha": ALPHA_PER_RANK * overrides["rank"]} | overrides
    recipe = replace(Recipe(**METHODS[method]), **overrides)
    for name, minimum in MINIMA.items():
        if getattr(recipe, name) < minimum:
            raise BadRequest(f"{name.replace('_', ' ')} {getattr(recipe, name)} is too small; the minimum is {minimum}")
    for name in SHARES:
        if not 0 <= getattr(recipe, name) <= 1:
            raise BadRequest(f"{name.replace('_', ' ')} {getattr(recipe, name)} is not allowed; choose 0 to 1")
    mixed_precision(recipe.precision)
    rows_per_process(recipe)
    return recipe


def make_plan(settings: Settings, request: Request) -> Plan:
    """Check the request, prepare the rows and let the teachers score them; under torchrun only the first process does.

    Raises BadRequest, BadRun, BadBase, CorpusUnavailable.
    """
    check_options(request.recipe, request.options)
    base = _base_folder(settings, request)
    tokenizer, config = _tokenizer_and_config(request.options, base)
    layers = _check_against_model(request, config)
    work = request.out.with_name(f".{request.out.name}.work")
    open_run_folder(work, _fingerprint(request, base))
    data = prepare(request.corpora, settings.corpus_dir, request.recipe.seed)
    rows, targets, steps = _add_teacher_targets(request, data)
    for step in steps:
        log.info("%s", step)
    return Plan(
        request=request,
        base=base,
        tokenizer=tokenizer,
        layers=layers,
        positions=config["max_position_embeddings"],
        rows=rows,
        targets=targets,
        validation=data.validation,
        early_stopping_rows=subsample_each_corpus(
            data.validation, request.options.validation_rows, request.recipe.seed
        ),
        steps=steps,
        work=work,
    )


def check_options(recipe: Recipe, options: Options) -> None:
    """Raises BadRequest for options that contradict each other."""
    if options.pack:
        check_bits(options.pack, "--pack")
        if recipe.method != "full":
            raise BadRequest("--pack needs --method full; adapters are small already")
        if options.checkpoint_only:
            raise BadRequest("--pack and --checkpoint-only exclude each other; `compress pack` packs a checkpoint")
    if options.validation_rows is not None and options.validation_rows < 1:
        raise BadRequest(f"--validation-rows {options.validation_rows} is too small; the minimum is 1")
    if recipe.hidden_share and len(options.teachers) != 1:
        raise BadRequest(f"--hidden-share needs exactly one --teacher; there are {len(options.teachers)}")
    start = options.start
    if start and not packing.is_packed(start) and not (start / "model.safetensors").is_file():
        raise BadRequest(f"--start {start}: the folder has neither model.safetensors nor {packing.FILE}")


def _base_folder(settings: Settings, request: Request) -> Path | None:
    """The folder of the base; None if `start` is complete and is not packed as a difference from the base."""
    start, english = request.options.start, request.language == "en"
    packed_as_difference = request.options.pack and english
    needs_base = start is None or (packing.is_packed(start) and packing.needs_base(start))
    if not (needs_base or packed_as_difference or request.base):
        return None
    return checkpoint.locate_base(request.base or (settings.base_model if english else ""))


def _tokenizer_and_config(options: Options, base: Path | None) -> tuple[Path, dict[str, Any]]:
    """The tokenizer's file and the config of the model to start from."""
    folders = [folder for folder in (options.start, base) if folder]
    tokenizer = next((folder / TOKENIZER_FILE for folder in folders if (folder / TOKENIZER_FILE).is_file()), None)
    if tokenizer is None:
        raise BadRequest(f"{folders[0]}: {TOKENIZER_FILE} is missing; add it, or name a --base that has it")
    return tokenizer, json.loads((folders[0] / "config.json").read_text(encoding="utf-8"))


def _check_against_model(request: Request, config: dict[str, Any]) -> list[int]:
    """The encoder layers to keep, empty for all. Raises BadRequest if the request does not fit the model."""
    positions, layers = config["max_position_embeddings"], request.options.layers
    if request.recipe.max_tokens > positions:
        raise BadRequest(f"--tokens {request.recipe.max_tokens} is too many; this model reads {positions} at most")
    _check_teachers(request, config)
    return parse_layers(layers, config["num_hidden_layers"]) if layers else []


def _check_teachers(request: Request, config: dict[str, Any]) -> None:
    teachers, names = request.options.teachers, [parse_request(corpus)[0] for corpus in request.corpora]
    for teacher in teachers:
        if teacher.corpus and teacher.corpus not in names:
            raise BadRequest(f"--teacher {teacher.corpus}=…: not one of the corpora to train on: {', '.join(names)}")
    for name in names:
        if find(name).weakly_labelled and not teachers_for(name, teachers):
            raise BadRequest(f"--corpus {name}: its labels are too weak to train on alone; add a --teacher")
    if request.recipe.hidden_share:
        teacher_config = (teachers[0].folder / "config.json").read_text(encoding="utf-8")
        width = json.loads(teacher_config)["hidden_size"]
        if width != config["hidden_size"]:
            raise BadRequest(
                f"--hidden-share needs a teacher of the student's hidden size: the teacher has {width}, the student "
                f"{config['hidden_size']}; leave --hidden-share out"
            )


def _add_teacher_targets(request: Request, data: PreparedRows) -> tuple[list[Row], Targets | None, list[Step]]:
    """The rows to train on, the teachers' targets for them (None without teachers), and all preparation steps."""
    if not request.options.teachers:
        return data.train, None, data.steps
    cache = request.out.parent / ".teacher-cache"
    targets = teacher_targets(request.options.teachers, data.train, request.recipe, cache)
    if not any(is_weakly_labelled(row) for row in data.train):
        return data.train, targets, data.steps
    rows, targets, step = drop_low_confidence(data.train, targets)
    return rows, targets, [*data.steps, step]


def _fingerprint(request: Request, base: Path | None) -> dict[str, Any]:
    """The parts of a request that the trained weights depend on. How the weights are written is left out."""
    options = request.options
    chosen: dict[str, Any] = {"layers": options.layers, "validation_rows": options.validation_rows}
    chosen |= {
        "start": str(options.start or ""),
        "teachers": [[str(teacher.folder), teacher.corpus] for teacher in options.teachers],
    }
    recipe = asdict(request.recipe)
    return {"corpora": request.corpora, "base": str(base or ""), "recipe": recipe, "options": chosen}
