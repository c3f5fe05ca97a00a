import random
import re
from collections import Counter

import datasets
import pytest
from datasets import Dataset

from training.data import catalogue as corpora
from training.data import cleaning as preparation
from training.data.catalogue import CorpusUnavailable, Row
from training.data.cleaning import (
    ALIKE,
    FEW,
    BadRequest,
    Step,
    clean,
    drop_duplicates,
    drop_near_duplicates,
    held_out,
    keep_apart,
    key,
    mend,
    near_duplicates_of,
    parse_request,
    prepared,
    review_labels,
    sample,
    word_pairs,
)


def rows(*pairs: tuple[str, str]) -> list[Row]:
    return [Row(text, label, "test") for text, label in pairs]


def undecodable(*values: int) -> str:
    """Bytes as the corpus reader hands them on."""
    return bytes(values).decode("utf-8", errors="surrogateescape")


def test_an_apostrophe_that_went_through_three_wrong_decodings_comes_back():
    # ' -> UTF-8 E2 80 99 -> "â€™" -> Mac Roman 89 DB AA -> "‰Ûª" -> E4 F3 BB -> "äó»" -> 8A 97 C8
    assert mend(f"can{undecodable(0x8A, 0x97, 0xC8)}t") == "can't"


def test_an_emoji_whose_first_byte_was_lost_comes_back():
    assert mend(f"late _{undecodable(0x99, 0x85, 0x8D)}") == "late 😡"


def test_html_entities_are_resolved_even_when_escaped_twice():
    assert mend("L&amp;F &gt; you &amp;amp; me") == "L&F > you & me"


def test_what_cannot_be_recovered_becomes_a_space():
    assert mend(f"good{undecodable(0xFF, 0xFE)}bye") == "good bye"


def test_a_broken_character_is_mended_beside_a_sound_emoji():
    assert mend(f"😀 can{undecodable(0x8A, 0x97, 0xC8)}t") == "😀 can't"


@pytest.mark.parametrize(("name", "rows"), [("airline", 14641), ("crowd", 22438)])
def test_no_tweet_keeps_a_broken_character(name, rows):
    mended = [row.text for split in corpora.SPLITS for row in clean(corpora.load(name, split))[0]]
    assert len(mended) == rows
    assert not [text for text in mended if re.search("[\ufffd\ud800-\udfff]", text)]


@pytest.mark.parametrize(
    "same",
    ["Flight 12 was LATE", "@acme flight 900 was late!", "flight was late http://t.co/x"],
)
def test_key_ignores_handles_links_numbers_and_case(same):
    assert key(same) == "flight was late"


def test_key_of_chinese_ignores_punctuation_as_that_of_english_does():
    assert key("很好，不错！") == key("很好 不错") == key("很好不错") == "很好不错"
    assert key("iPhone 很好") == "iphone 很好"


def test_key_of_a_text_without_words_is_its_signs():
    assert key("@acme 😡") == "😡"
    assert key("@acme 😡") != key("@acme 😍")
    assert key("@acme 12") == ""


def test_faces_with_different_labels_are_no_duplicates():
    kept, step = drop_duplicates(rows(("😡", "negative"), ("😍", "positive"), ("😍 ", "positive")))
    assert [row.text for row in kept] == ["😡", "😍"]
    assert (step.kept, step.dropped) == (2, 1)


def test_a_row_to_learn_from_holds_no_identifier_either():
    kept, _ = clean(rows(("mail anna@example.com &amp; ring +44 20 7946 0958", "neutral")))
    assert [row.text for row in kept] == ["mail [email] & ring [phone]"]


def test_clean_drops_what_is_empty_once_mended():
    kept, step = clean(rows(("&nbsp;", "neutral"), (" ok ", "neutral"), ("", "neutral")))
    assert [row.text for row in kept] == ["ok"]
    assert (step.kept, step.dropped) == (1, 2)


def test_of_three_labels_two_that_are_even_are_no_majority():
    even = [("late", "negative")] * 2 + [("late", "neutral")] * 2 + [("late", "positive")]
    assert drop_duplicates(rows(*even))[0] == []


def test_of_duplicates_the_label_of_most_copies_stays_once():
    given = rows(("Late 1", "negative"), ("late 2", "neutral"), ("late 3", "negative"))
    kept, step = drop_duplicates(given)
    assert [(row.text, row.label) for row in kept] == [("Late 1", "negative")]
    assert (step.kept, step.dropped) == (1, 2)


def test_duplicates_labelled_evenly_all_go():
    assert drop_duplicates(rows(("late", "negative"), ("late", "neutral")))[0] == []


def test_a_row_that_equals_one_of_another_split_goes():
    kept, step = keep_apart(rows(("Late 1", "negative"), ("on time", "positive")), rows(("late 99", "neutral")))
    assert [row.text for row in kept] == ["on time"]
    assert step.dropped == 1


EN = "the room was clean and the staff at the desk were kind to us all week long"  # 16 pairs of words
ZH = "酒店的位置很好离地铁站不远房间也很干净早餐品种多"  # 23 pairs of characters


@pytest.mark.parametrize(
    "near",
    [
        # one word more at the end: 16 of 17 pairs; without the last three words: 13 of 16
        EN + " indeed",
        EN.removesuffix(" all week long"),
        # one word in the middle replaced: 14 of 18; upper case, a link and a handle do not count
        EN.replace("desk", "bar"),
        "@hotel " + EN.upper() + "! https://t.co/x",
        # one sentence more in front: 23 of 27; one character in the middle replaced: 21 of 25
        "总的来说" + ZH,
        ZH.replace("站", "口"),
        "，".join([ZH[:7], ZH[7:14], ZH[14:]]) + "。",
    ],
)
def test_a_row_that_shares_most_word_pairs_with_one_of_another_split_goes(near):
    others = rows(
        ("something else that is said at about the same length as the other one", "neutral"), (near, "neutral")
    )
    given = rows(
        (EN, "positive"), (ZH, "positive"), ("a row that shares nothing with any row of the other split", "neutral")
    )
    kept, step = drop_near_duplicates(given, others)
    assert [row.text for row in given if row not in kept] == [ZH if "\u3400" <= near[0] <= "\u9fff" else EN]
    assert (step.kept, step.dropped) == (2, 1)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        # 11 of 20 and 13 of 22 pairs
        (EN, "the room was clean and the staff at the desk were rude and never there for us"),
        (ZH, "酒店的位置很好离地铁站不远房间可是很脏而且没有早餐"),
        # 5 of 7 pairs, and another meaning: too short to be called the same
        ("i will fly with you again", "i will fly with you never"),
        ("这个酒店非常好", "这个酒店非常差"),
        ("thank you", "thank you so much"),
        ("好", "很好"),
        ("ok", "ok"),
        ("😡", "😡"),
    ],
)
def test_a_row_that_shares_less_or_is_short_stays(text, other):
    kept, step = drop_near_duplicates(rows((text, "neutral")), rows((other, "neutral")))
    assert len(kept) == 1
    assert (step.kept, step.dropped) == (1, 0)


@pytest.mark.parametrize(("ours", "others"), [([], []), ([(EN, "neutral")], []), ([], [(EN, "neutral")])])
def test_without_rows_or_without_another_split_nothing_is_a_near_duplicate(ours, others):
    kept, step = drop_near_duplicates(rows(*ours), rows(*others))
    assert kept == rows(*ours)
    assert (step.kept, step.dropped) == (len(ours), 0)


def test_near_duplicates_are_those_that_comparing_each_with_each_finds():
    # Few words, so that pairs are common: what is rare alone would not do. Some texts are others with a few changes.
    rng = random.Random(1)
    words = [f"w{letter}" for letter in "abcdefghijklmnop"]
    others = [rng.choices(words, k=rng.randrange(1, 40)) for _ in range(300)]
    ours = [rng.choices(words, k=rng.randrange(1, 40)) for _ in range(200)]
    for source in rng.sample(others, 200):
        changed = list(source)
        for _ in range(rng.randrange(1, 5)):
            changed[rng.randrange(len(changed))] = rng.choice(words)
        ours.append(changed)
    ours, others = ([" ".join(text) for text in part] for part in (ours, others))
    sets = [word_pairs(text) for text in others]
    expected = [
        index
        for index, pairs in enumerate(map(word_pairs, ours))
        if len(pairs) >= FEW and any(len(pairs & other) >= ALIKE * len(pairs | other) for other in sets)
    ]
    assert 40 < len(expected) < 200
    assert near_duplicates_of(ours, others).tolist() == expected


GOOD, BAD = ["great", "lovely", "superb", "happy", "perfect"], ["awful", "rude", "broken", "late", "terrible"]


def reviews(count: int, source: str) -> list[Row]:
    """Half each label, each text with one to five of the words that only its label has."""
    rng, made = random.Random(3), []
    for number in range(count):
        label, words = ("positive", GOOD) if number % 2 else ("negative", BAD)
        text = " ".join(["the", *rng.sample(words, 5 - number // 2 % 5), "film", str(number)])
        made.append(Row(text, label, source))
    return made


def planted(source: str) -> tuple[list[Row], list[Row]]:
    """2,400 reviews of which every 160th has the other label; and those."""
    made, wrong = reviews(2400, source), []
    other = {"negative": "positive", "positive": "negative"}
    for index in range(0, 2400, 160):
        made[index] = Row(made[index].text, other[made[index].label], source)
        wrong.append(made[index])
    return made, wrong


def test_label_review_sets_aside_only_wrong_labels_most_of_them_and_the_same_each_time():
    given, wrong = planted("crowd")
    kept, step = review_labels(given)
    gone = [row for row in given if row not in kept]
    # Two thirds of what was planted is as much as a rule that spares every right label can be asked for.
    assert set(gone) <= set(wrong) and len(gone) >= 10
    assert (step.kept, step.dropped) == (len(kept), len(gone))
    assert review_labels(given)[0] == kept


def test_label_review_takes_each_source_by_itself_and_leaves_this_projects_own_rows():
    given, _ = planted("crowd")
    own = [row for source in ("replay-en", "behaviours-en") for row in planted(source)[0]]
    kept, step = review_labels(given + own)
    assert kept == review_labels(given)[0] + own
    assert step.dropped == len(given) + len(own) - len(kept)


def test_label_review_of_the_same_row_twice_counts_both():
    given, wrong = planted("crowd")
    kept, step = review_labels(given + wrong[:1])
    assert len(kept) + step.dropped == 2401
    assert step.kept == len(kept)


@pytest.mark.parametrize("given", [reviews(499, "crowd"), [Row(f"{n}", "neutral", "crowd") for n in range(600)], []])
def test_label_review_doubts_nothing_in_few_rows_or_in_one_label(given):
    assert review_labels(given)[0] == given


def test_label_review_leaves_a_source_in_which_a_label_hardly_occurs():
    given = [*reviews(600, "crowd"), Row("fine", "neutral", "crowd")]
    assert review_labels(given)[0] == given


def test_a_sample_has_the_labels_as_even_as_the_rows_allow():
    given = rows(
        *[(f"a {n}", "negative") for n in range(50)], *[(f"b {n}", "neutral") for n in range(20)], ("c", "positive")
    )
    chosen, step = sample(given, 31, seed=5)
    # the one positive row, then 15 of each of the others
    assert Counter(row.label for row in chosen) == {"negative": 15, "neutral": 15, "positive": 1}
    assert len(set(chosen)) == 31
    assert (step.kept, step.dropped, step.added) == (31, 40, 0)
    assert sample(given, 31, seed=5)[0] == chosen != sample(given, 31, seed=6)[0]


def test_a_sample_of_more_rows_than_there_are_repeats_each_about_as_often():
    given = rows(("a", "negative"), ("b", "neutral"), ("c", "positive"))
    chosen, step = sample(given, 8, seed=5)
    assert sorted(Counter(row.text for row in chosen).values()) == [2, 3, 3]
    assert (step.kept, step.dropped, step.added) == (8, 0, 5)
    assert str(step) == "sample: kept 8, of which 5 new, dropped 0 (3 rows, repeated to 8)"


def test_a_sample_of_exactly_the_rows_there_are_is_all_of_them_once():
    given = rows(("a", "negative"), ("b", "neutral"))
    chosen, step = sample(given, 2, seed=5)
    assert chosen == given
    assert (step.kept, step.dropped, step.added) == (2, 0, 0)


def test_a_sample_of_nothing_is_nothing():
    assert sample([], 5, seed=5) == ([], Step("sample", 0, 0, "there is no row to take"))


@pytest.mark.parametrize(("request_", "parsed"), [("imdb", ("imdb", None)), ("imdb=8000", ("imdb", 8000))])
def test_a_request_names_a_corpus_and_may_say_how_many_rows(request_, parsed):
    assert parse_request(request_) == parsed


@pytest.mark.parametrize("number", ["", "0", "-5", "1.5", "many", "²", "8,000", "1=2", "9999999999"])
def test_a_request_for_no_number_of_rows_is_refused(number):
    with pytest.raises(BadRequest, match=f"--corpus imdb={number}: after = comes how many rows"):
        parse_request(f"imdb={number}")


@pytest.fixture
def corpus_dir(tmp_path, monkeypatch):
    """A folder with Chinese reviews: 1,000 that differ in every pair of characters, and some that give work to do."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setenv("ATTUNE_CORPUS_DIR", str(tmp_path))
    rng = random.Random(2)
    texts = ["".join(chr(rng.randrange(0x4E00, 0x9FFF)) for _ in range(30)) for _ in range(1000)]
    train = [text for text in texts if corpora.review_split_of(text) == "train"]
    gate = [text for text in texts if corpora.review_split_of(text) == "gate"]
    more = [
        train[0] + "！",  # the same words as another
        near(gate[0], "train"),
        next(gate[1] + mark * n for mark in "。！" for n in range(1, 99) if is_training(gate[1] + mark * n)),
        next(" " + "&nbsp;" * n for n in range(1, 99) if is_training("&nbsp;" * n)),
    ]
    labels = ["negative", "positive"] * 500 + ["negative"] * 4
    labels[1000] = labels[texts.index(train[0])]
    Dataset.from_dict({"text": texts + more, "label": labels}).to_parquet(str(tmp_path / "zh_reviews_train.parquet"))
    return len(train) + sum(is_training(text) for text in more)


def is_training(text: str) -> bool:
    return corpora.review_split_of(text) == "train"


def near(text: str, split: str) -> str:
    """The text with one character more, so that it belongs to that split."""
    return next(
        text + chr(more) for more in range(0x4E00, 0x9FFF) if corpora.review_split_of(text + chr(more)) == split
    )


def add_up(steps: list[Step], before: int) -> None:
    for step in steps:
        assert step.kept + step.dropped - step.added == before, step
        before = step.kept


def test_every_step_tells_what_it_dropped_and_the_numbers_add_up(corpus_dir):
    train, validation, steps = prepared(["zh-reviews=100"], seed=1)
    names = ["clean", "duplicates", "apart", "near-duplicates", "label review", "sample"]
    assert [step.name for step in steps] == [f"zh-reviews: {name}" for name in names]
    add_up(steps, corpus_dir)
    dropped = [step.dropped for step in steps]
    # "train[0]！" may fall into another split, where it takes the row that it equals with it
    assert dropped[0] == 1 and dropped[1] + dropped[2] == 2 and dropped[3] == 1
    assert len(train) == 100 == steps[-1].kept
    assert Counter(row.label for row in train) == {"negative": 50, "positive": 50}
    assert {row.text for row in validation} == {row.text for row in corpora.load("zh-reviews", "validation")}


def test_corpora_are_prepared_in_the_order_they_are_asked_for(corpus_dir):
    train, validation, steps = prepared(["behaviours-zh=280", "zh-reviews=50", "replay-zh=60"], seed=1, review=False)
    assert list(dict.fromkeys(row.source for row in train)) == ["behaviours-zh", "zh-reviews", "replay-zh"]
    assert Counter(row.source for row in train)["replay-zh"] == 60
    assert {row.source for row in validation} == {"zh-reviews", "replay-zh"}
    assert not [step for step in steps if "label review" in step.name]
    parts: dict[str, list[Step]] = {}
    for step in steps:
        parts.setdefault(step.name.split(":")[0], []).append(step)
    add_up(parts["behaviours-zh"], 0)
    add_up(parts["zh-reviews"], corpus_dir)
    add_up(parts["replay-zh"], len(corpora.load("replay-zh", "train")))
    assert train == prepared(["behaviours-zh=280", "zh-reviews=50", "replay-zh=60"], seed=1, review=False)[0]


def test_a_corpus_asked_for_more_rows_than_it_has_repeats_them():
    train, _, steps = prepared(["replay-en=9000"], seed=1)
    assert len(train) == 9000 == steps[-1].kept
    assert steps[-1].added == 9000 - len(set(train))
    add_up(steps, len(corpora.load("replay-en", "train")))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_rows_from_templates_come_by_their_number_and_validate_nothing(language):
    train, validation, steps = prepared([f"behaviours-{language}=280"], seed=1)
    # ten for each of 28 capabilities; the last case of one is not cut
    assert 280 <= len(train) <= 310
    assert {row.source for row in train} == {f"behaviours-{language}"}
    assert validation == []
    add_up(steps, 0)
    assert steps[-1].kept == len(train)


@pytest.mark.parametrize("request_", ["behaviours-en", "behaviours-en=27", "behaviours-fr=280", "behaviours-=280"])
def test_rows_from_templates_without_a_fit_number_or_language_are_refused(request_):
    with pytest.raises(BadRequest, match="28 at least, .*: behaviours-en=ROWS, behaviours-zh=ROWS"):
        prepared(["replay-en=60", request_], seed=1)


@pytest.mark.parametrize(
    ("name", "error"), [("imdbb", "'imdbb' is not known; known are airline"), ("desk-en", "desk-en has no train split")]
)
def test_a_corpus_that_cannot_train_is_refused_before_another_is_prepared(name, error, monkeypatch):
    monkeypatch.setattr(preparation, "_prepare_one", lambda *given, **more: pytest.fail("prepared"))
    with pytest.raises(CorpusUnavailable, match=error):
        prepared(["replay-en=60", name], seed=1)


def test_training_rows_are_held_against_every_corpus_asked_for_and_against_what_their_language_is_reported_on():
    held = Counter(row.source for row in held_out(["replay-en", "crowd"]))
    # crowd 4664 + 2268 + 2309 rows, airline 2946 + 1451 + 1438
    assert held.pop("replay-en") == len(corpora.load("replay-en", "validation"))
    assert held == {"crowd": 9241, "airline": 5835, "desk-en": 385}
    assert {row.source for row in held_out(["behaviours-zh"])} == {"desk-zh"}
