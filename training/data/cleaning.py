"""From rows as they stand to rows fit for training: mending, duplicates, what must stay apart. Each step reports."""

import html
import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import pairwise

import ftfy
import ftfy.bad_codecs
import numpy as np
from cleanlab.filter import find_label_issues
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from product.inference.text import LINK
from product.privacy.redact import redact
from product.sentiment import AttuneError
from training.data import catalogue as corpora
from training.data.catalogue import Row
from training.evaluation import behaviours


class BadRequest(AttuneError):
    """A command was asked for something it cannot do; the message says what it can."""


@dataclass(frozen=True)
class Step:
    """What one step kept and dropped, and why. Before it there were `kept` + `dropped` - `added` rows."""

    name: str
    kept: int
    dropped: int
    why: str
    added: int = 0
    """Of those kept, how many the step itself made: copies of rows, or rows from templates."""

    def __str__(self) -> str:
        added = f", of which {self.added:,} new" if self.added else ""
        return f"{self.name}: kept {self.kept:,}{added}, dropped {self.dropped:,} ({self.why})"


def mend(text: str) -> str:
    """A text as its writer meant it: HTML entities resolved, the source's three wrong decodings undone.

    The airline rows went from UTF-8 through "read as Windows-1252, saved as Mac Roman" and "read as Windows-1252,
    saved as Mac Roman" and "read as Latin-1, saved as Mac Roman": an apostrophe arrives as the bytes 8A 97 C8, an
    emoji as _ 99 85 xx (its first byte had no place in Mac Roman). Other rows stopped one station earlier.
    """
    text = BROKEN.sub(lambda match: _undo(match.group()), text)
    return ftfy.fix_text(html.unescape(html.unescape(text))).replace("\ufffd", " ").strip()


BROKEN = re.compile("_?[\udc80-\udcff]+[\udc80-\udcff_]*")
WINDOWS = "sloppy-windows-1252"  # ftfy's: with the five bytes that Windows-1252 leaves undefined
STATIONS = (("latin-1", "mac_roman"), (WINDOWS, "mac_roman"), (WINDOWS, "mac_roman"))


def _undo(run: str) -> str:
    """A run of undecodable bytes as text; a space where too much was lost on the way."""
    for skipped in (0, 1):
        try:
            return _decode(run, STATIONS[skipped:])
        except UnicodeError:
            continue
    return " "


def _decode(run: str, stations: tuple[tuple[str, str], ...]) -> str:
    data = run.encode("utf-8", errors="surrogateescape")
    for read_as, saved_as in stations:
        data = data.decode(saved_as).encode(read_as)
    # The first byte of every emoji, F0, was lost to an underscore.
    return data.replace(b"_\x9f", b"\xf0\x9f").decode("utf-8")


HANDLE = re.compile(r"(?<![\w.])@\w+")


BETWEEN_CHINESE = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")


@lru_cache(maxsize=1 << 17)
def key(text: str) -> str:
    """What two texts must share to count as the same: their words once handles, links, numbers and case are gone.

    A text without a word is its signs: one angry face is not the same as one that laughs.
    """
    text = re.sub(r"\d+", " ", HANDLE.sub(" ", LINK.sub(" ", mend(text).lower())))
    words = BETWEEN_CHINESE.sub("", " ".join(re.findall(r"[^\W_]+", text)))
    return words or " ".join(text.split())


def clean(rows: list[Row]) -> tuple[list[Row], Step]:
    """Mended rows as the product would read them, without personal identifiers; empty ones dropped."""
    mended = [replace(row, text=redact(mend(row.text))) for row in rows]
    kept = [row for row in mended if row.text]
    return kept, Step("clean", len(kept), len(rows) - len(kept), "nothing left after mending")


def drop_duplicates(rows: list[Row]) -> tuple[list[Row], Step]:
    """One row for each key: the first with the label most of its copies have; none where the copies disagree evenly."""
    votes: dict[str, Counter] = {}
    for row in rows:
        votes.setdefault(key(row.text), Counter())[row.label] += 1
    kept, seen = [], set()
    for row in rows:
        same = key(row.text)
        if same in seen or votes[same].most_common(1)[0][0] != row.label or _tied(votes[same]):
            continue
        seen.add(same)
        kept.append(row)
    return kept, Step("duplicates", len(kept), len(rows) - len(kept), "same words, or the same words labelled evenly")


def _tied(votes: Counter) -> bool:
    counts = [count for _, count in votes.most_common(2)]
    return len(counts) == 2 and counts[0] == counts[1]


def keep_apart(rows: list[Row], others: list[Row]) -> tuple[list[Row], Step]:
    """Rows whose words stand in no row of another split."""
    taken = {key(row.text) for row in others}
    kept = [row for row in rows if key(row.text) not in taken]
    return kept, Step("apart", len(kept), len(rows) - len(kept), "equal to a row of another split")


ALIKE = 0.7
"""Two texts that share this part of their different word pairs (Jaccard) are near-duplicates."""
FEW = 10
"""A text of fewer pairs is another message once one word is another: only its equals are dropped (`keep_apart`)."""


def drop_near_duplicates(rows: list[Row], others: list[Row]) -> tuple[list[Row], Step]:
    """Rows that are no near-duplicate of a row of another split: see `ALIKE`, `FEW`."""
    near = set(near_duplicates_of([row.text for row in rows], [row.text for row in others]).tolist())
    kept = [row for index, row in enumerate(rows) if index not in near]
    return kept, Step("near-duplicates", len(kept), len(near), f"{ALIKE:.0%} of the word pairs in another split's row")


def near_duplicates_of(texts: list[str], others: list[str]) -> np.ndarray:
    """Indices of the texts that have a near-duplicate among the others, int [found], rising.

    Exact, and not of every text with every other: two sets that are alike must share one of their rarest members, of
    which few texts have the same (prefix filtering: Chaudhuri et al. 2006, "A Primitive Operator for Similarity Joins
    in Data Cleaning"; Bayardo et al. 2007, "Scaling Up All Pairs Similarity Search").
    """
    if not texts or not others:
        return np.array([], dtype=int)
    ranked = _by_rarity(_pairs_present([*texts, *others]))
    rarest = _rarest(ranked)
    ours, theirs = ranked[: len(texts)], ranked[len(texts) :]
    candidates, against = rarest[: len(texts)], rarest[len(texts) :].T.tocsc()
    sizes, other_sizes = np.diff(ours.indptr), np.diff(theirs.indptr)
    found = []
    for start in range(0, len(texts), AT_ONCE):
        meet = (candidates[start : start + AT_ONCE] @ against).tocoo()
        left, right = meet.row + start, meet.col
        small, large = np.minimum(sizes[left], other_sizes[right]), np.maximum(sizes[left], other_sizes[right])
        possible = (sizes[left] >= FEW) & (small >= ALIKE * large)
        left, right = left[possible], right[possible]
        for part in range(0, len(left), 50 * AT_ONCE):
            one, other = left[part : part + 50 * AT_ONCE], right[part : part + 50 * AT_ONCE]
            shared = np.asarray(ours[one].multiply(theirs[other]).sum(axis=1)).ravel()
            found.append(one[shared >= ALIKE * (sizes[one] + other_sizes[other] - shared)])
    return np.unique(np.concatenate(found)) if found else np.array([], dtype=int)


AT_ONCE = 1000
"""Texts compared in one go: memory stays small."""


def _pairs_present(texts: list[str]) -> csr_matrix:
    """1 where a text has a word pair, [texts, pairs]; hashed, for a hundred thousand texts have millions."""
    hashing = HashingVectorizer(
        analyzer=lambda text: map(" ".join, word_pairs(text)),
        n_features=1 << 30,
        binary=True,
        norm=None,
        alternate_sign=False,
        dtype=np.float32,
    )
    return hashing.transform(texts)


def _by_rarity(present: csr_matrix) -> csr_matrix:
    """The same with the columns that occur put in order, the rarest first, and each row's entries in that order."""
    _, columns, counts = np.unique(present.indices, return_inverse=True, return_counts=True)
    rank = np.empty(len(counts), dtype=np.int32)
    rank[np.argsort(counts, kind="stable")] = np.arange(len(counts))
    ranked = csr_matrix((present.data, rank[columns], present.indptr), shape=(present.shape[0], max(len(counts), 1)))
    ranked.sort_indices()
    return ranked


def _rarest(ranked: csr_matrix) -> csr_matrix:
    """Only the entries of each row of which two rows that are alike must share one: `size - ceil(ALIKE * size) + 1`."""
    sizes = np.diff(ranked.indptr)
    # A little less, for in floating point 0.7 times a number may be a little more than it is.
    wanted = np.where(sizes > 0, sizes - np.ceil(ALIKE * sizes - 1e-9).astype(int) + 1, 0)
    place = np.arange(ranked.nnz) - np.repeat(ranked.indptr[:-1], sizes)
    first = place < np.repeat(wanted, sizes)
    ends = np.concatenate([[0], np.cumsum(wanted)])
    return csr_matrix((ranked.data[first], ranked.indices[first], ends), shape=ranked.shape)


def word_pairs(text: str) -> set[tuple[str, str]]:
    """Neighbouring words of a text, each pair once."""
    return set(pairwise(words(text)))


def words(text: str) -> list[str]:
    """The words of a text once handles, links, numbers and case are gone; of Chinese, its characters."""
    return re.findall(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+", key(text))


def review_labels(rows: list[Row], seed: int = 0) -> tuple[list[Row], Step]:
    """Rows whose label nothing speaks strongly against.

    Confident learning (Northcutt et al. 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels") on the
    probabilities of a linear model that has not seen the row. It is weaker than the model to be trained and mistakes
    hard rows for wrong ones, so only those go that it calls wrong and is nearly sure of: quality under `DOUBTED`.
    This project's own rows stay: each was labelled by the guide, and they are few. So do parts of labelled texts: a
    teacher reviews them when they are learned.
    """
    sources: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        if not row.source.startswith(OWN) and not is_weak(row):
            sources.setdefault(row.source, []).append(index)
    wrong: set[int] = set()
    for indices in sources.values():
        wrong.update(indices[doubted] for doubted in _doubted([rows[index] for index in indices], seed))
    kept = [row for index, row in enumerate(rows) if index not in wrong]
    return kept, Step("label review", len(kept), len(wrong), "cleanlab: almost surely another label")


OWN = ("replay-", "behaviours-")
DOUBTED, FOLDS = 0.03, 3


def _doubted(rows: list[Row], seed: int) -> np.ndarray:
    _, labels, counts = np.unique([row.label for row in rows], return_inverse=True, return_counts=True)
    # Each fold needs some rows of each label, and what a few hundred rows teach is no ground to doubt anybody.
    if len(rows) < 500 or len(counts) == 1 or counts.min() < 2 * FOLDS:
        return np.array([], dtype=int)
    features = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), min_df=3, max_features=60_000, sublinear_tf=True)
    # Head and tail say what a long review says, in a tenth of the time.
    words = features.fit_transform([f"{row.text[:200]} {row.text[-200:]}" for row in rows])
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    linear = LogisticRegression(C=3, max_iter=60, solver="saga", tol=0.01, random_state=seed)
    said = cross_val_predict(linear, words, labels, cv=folds, method="predict_proba")
    issues = find_label_issues(labels, said, filter_by="confident_learning", n_jobs=1)
    return np.flatnonzero(issues & (said[np.arange(len(labels)), labels] < DOUBTED))


def sample(rows: list[Row], wanted: int, seed: int) -> tuple[list[Row], Step]:
    """`wanted` rows: a random part with labels as even as they can be, or all rows repeated until there are as many."""
    if not rows:
        return [], Step("sample", 0, 0, "there is no row to take")
    generator = np.random.default_rng(seed)
    if wanted >= len(rows):
        repeated = rows * (wanted // len(rows))
        more = generator.choice(len(rows), wanted - len(repeated), replace=False)
        chosen = repeated + [rows[index] for index in more]
        why = f"{len(rows):,} rows, repeated to {wanted:,}"
        return chosen, Step("sample", wanted, 0, why, added=wanted - len(rows))
    order = generator.permutation(len(rows))
    turns: Counter = Counter()
    ranked = []
    for index in order:
        label = rows[index].label
        ranked.append((turns[label], index))
        turns[label] += 1
    chosen = [rows[index] for _, index in sorted(ranked)[:wanted]]
    return chosen, Step("sample", len(chosen), len(rows) - len(chosen), "labels as even as the corpus allows")


def is_weak(row: Row) -> bool:
    """Whether the row has the label of the whole text that it is part of."""
    return row.source in corpora.CATALOGUE and corpora.CATALOGUE[row.source].weak


def parse_request(request: str) -> tuple[str, int | None]:
    """`imdb=8000` to ("imdb", 8000): at most, or repeated to, that many rows. Raises BadRequest."""
    name, separator, number = request.partition("=")
    # Nine digits are more rows than any machine holds; isdigit alone lets ² through, which int does not read.
    if separator and not (re.fullmatch("[0-9]{1,9}", number) and int(number) > 0):
        raise BadRequest(f"--corpus {request}: after = comes how many rows to take, a whole number over 0")
    return name, int(number) if separator else None


def prepared(requests: list[str], seed: int, review: bool = True) -> tuple[list[Row], list[Row], list[Step]]:
    """(rows to train on, rows to validate on, what each step kept, dropped and why) of the corpora asked for.

    Raises BadRequest, CorpusUnavailable, BadCorpus before anything slow is done: every corpus is read first.
    """
    asked = [parse_request(request) for request in requests]
    for name, wanted in asked:
        if name.startswith(GENERATED):
            _check_generated(name, wanted)
        else:
            corpora.load(name, "train")
    others = held_out([name for name, _ in asked])
    train, validation, steps = [], [], []
    for name, wanted in asked:
        prepare = _generate if name.startswith(GENERATED) else partial(_prepare_one, review=review)
        rows, told = prepare(name, wanted, seed, others)
        train += rows
        steps += [replace(step, name=f"{name}: {step.name}") for step in told]
        if "validation" in corpora.find(name).splits:
            validation += clean(corpora.load(name, "validation"))[0]
    return train, validation, steps


def held_out(names: list[str]) -> list[Row]:
    """Rows that none of these corpora may train on: those of all their splits but `train`, and those of the corpora
    without a Hub id that experts of their languages are reported on."""
    languages = {language for name in names for language in corpora.find(name).languages}
    reported = [name for language in sorted(languages) for name in corpora.REPORTED[language]]
    chosen = dict.fromkeys([*names, *(name for name in reported if not corpora.find(name).hub)])
    parts = [(name, split) for name in chosen for split in corpora.find(name).splits if split != "train"]
    return [row for name, split in parts for row in corpora.load(name, split)]


GENERATED = "behaviours-"


def _check_generated(name: str, wanted: int | None) -> None:
    language = name.removeprefix(GENERATED)
    if language not in behaviours.LANGUAGES or (wanted or 0) < behaviours.CAPABILITIES:
        known = ", ".join(f"{GENERATED}{each}=ROWS" for each in behaviours.LANGUAGES)
        raise BadRequest(
            f"--corpus {name}: generated rows are asked for by their number, {behaviours.CAPABILITIES} at least, one "
            f"for each capability: {known}"
        )


def _generate(name: str, wanted: int, seed: int, others: list[Row]) -> tuple[list[Row], list[Step]]:
    """About as many rows as are wanted from the training templates, the same number for each capability."""
    rows = behaviours.training_rows(name.removeprefix(GENERATED), wanted // behaviours.CAPABILITIES, seed)
    why = "from templates that share no content word with the suite"
    made = Step("generate", len(rows), 0, why, added=len(rows))
    rows, apart = keep_apart(rows, others)
    return rows, [made, apart]


def _prepare_one(
    name: str, wanted: int | None, seed: int, others: list[Row], review: bool
) -> tuple[list[Row], list[Step]]:
    rows, steps = corpora.load(name, "train"), []
    stages = [clean, drop_duplicates, lambda kept: keep_apart(kept, others)]
    stages += [lambda kept: drop_near_duplicates(kept, others)]
    stages += [lambda kept: review_labels(kept, seed)] if review else []
    stages += [lambda kept: sample(kept, wanted, seed)] if wanted else []
    for stage in stages:
        rows, step = stage(rows)
        steps.append(step)
    return rows, steps
