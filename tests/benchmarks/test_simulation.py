"""The simulation's people and its sums; the loop that it runs is tested with the real one."""

import io
import tarfile

import pytest

from benchmarks.loop import summary
from benchmarks.people import HOSTILE, KINDS, TOGETHER, stream
from benchmarks.snippets import ARCHIVE, MEMBER, snippets
from training.data.rows import Row

ROWS = [Row(f"sentence number {number}", ("negative", "neutral", "positive")[number % 3], "x") for number in range(900)]


def test_the_same_seed_gives_the_same_words_and_more_of_them_begin_alike():
    short, long = stream(ROWS, 100, "honest", seed=3), stream(ROWS, 300, "honest", seed=3)
    assert long[:100] == short
    assert short != stream(ROWS, 100, "honest", seed=4)


def test_honest_people_say_what_is_right_and_some_of_it_twice():
    words = stream(ROWS, 600, "honest", seed=1)
    assert all(word.label == word.row.label and not word.hostile for word in words)
    # 90 of 600 wanted, standard deviation 8.7
    assert 60 < 600 - len({word.row.text for word in words}) < 120


def test_careless_people_err_in_one_word_of_ten():
    words = stream(ROWS, 600, "careless", seed=1)
    # 60 of 600, standard deviation 7.3
    assert 35 < sum(word.label != word.row.label for word in words) < 85


def test_hostile_people_are_a_fifth_and_never_right():
    for kind in ("alone", "together"):
        words = stream(ROWS, 600, kind, seed=1)
        hostile = [word for word in words if word.hostile]
        assert len({word.actor for word in hostile}) <= HOSTILE
        assert hostile and all(word.label != word.row.label for word in hostile)
        assert all(word.label == word.row.label for word in words if not word.hostile)
    assert all(word.label == TOGETHER[word.row.label] for word in hostile)


def test_people_of_every_kind_speak_of_the_same_messages():
    spoken = {kind: [(word.actor, word.row) for word in stream(ROWS, 100, kind, seed=1)] for kind in KINDS}
    assert all(each == spoken["honest"] for each in spoken.values())


def packed(name: str, content: bytes) -> bytes:
    stream_out = io.BytesIO()
    with tarfile.open(fileobj=stream_out, mode="w:gz") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return stream_out.getvalue()


def test_snippets_are_labelled_by_their_mean_rating_and_no_text_is_on_both_sides(tmp_path):
    ratings = {"awful": "-2.5", "a box": "0.1", "so good": "1.0", "barely bad": "-0.5", "nearly good": "0.49"}
    lines = [f"{number}\t{rating}\t{text} thing" for number, (text, rating) in enumerate(ratings.items())]
    inner = packed(f"folder/{MEMBER}", "\n".join(lines).encode())
    (tmp_path / "vaderSentiment-3.3.2.tar.gz").write_bytes(packed(f"vader/resources/{ARCHIVE}", inner))
    given, judged_by = snippets(tmp_path)
    assert {row.text: row.label for row in given + judged_by} == {
        "awful thing": "negative",
        "a box thing": "neutral",
        "so good thing": "positive",
        "barely bad thing": "negative",
        "nearly good thing": "neutral",
    }
    assert not {row.text for row in given} & {row.text for row in judged_by}


def test_errors_removed_and_accuracy_lost_are_against_the_run_s_own_start():
    def line(seed: int, words: int, domain: float, elsewhere: float) -> dict:
        common = {"people": "honest", "seed": seed, "every": 0, "without": [], "words": words, "promoted": seed + 1}
        more = {"hostile_learned": None, "honest_out": 0.1, "seconds": 60}
        return common | more | {"domain": domain, "challenger": 0.68, "elsewhere": elsewhere}

    lines = [line(0, 0, 0.6, 0.9), line(0, 300, 0.7, 0.89), line(1, 0, 0.6, 0.9), line(1, 300, 0.62, 0.9)]
    [row] = summary(lines)
    # 0.1 of 0.4 and 0.02 of 0.4; one point and none
    assert (row["seeds"], row["promoted"], row["hostile_learned"]) == (2, 2, None)
    assert row["removed"] == pytest.approx((0.25 + 0.05) / 2)
    # 0.08 of 0.4, promoted or not
    assert row["tried"] == pytest.approx(0.2)
    assert row["spread"] == pytest.approx(0.1)
    assert (row["lost"], row["lost_worst"]) == (pytest.approx(0.005), pytest.approx(0.01))
