"""The simulated contributors and the figures of the report."""

import io
import tarfile

import pytest

from benchmarks.loop_report import summary
from benchmarks.people import FLIPPED, HOSTILE, KINDS, stream
from benchmarks.snippets import ARCHIVE, MEMBER, snippets
from training.data.rows import Row

ROWS = [Row(f"sentence number {number}", ("negative", "neutral", "positive")[number % 3], "x") for number in range(900)]


def test_the_same_seed_gives_the_same_corrections_and_a_longer_stream_begins_with_them():
    short, long = stream(ROWS, 100, "honest", seed=3), stream(ROWS, 300, "honest", seed=3)
    assert long[:100] == short
    assert short != stream(ROWS, 100, "honest", seed=4)


def test_honest_contributors_are_right_and_label_some_messages_twice():
    corrections = stream(ROWS, 600, "honest", seed=1)
    assert all(correction.label == correction.row.label and not correction.hostile for correction in corrections)
    # 90 of 600 expected, standard deviation 8.7
    assert 60 < 600 - len({correction.row.text for correction in corrections}) < 120


def test_careless_contributors_give_one_wrong_label_in_ten():
    corrections = stream(ROWS, 600, "careless", seed=1)
    # 60 of 600, standard deviation 7.3
    assert 35 < sum(correction.label != correction.row.label for correction in corrections) < 85


def test_hostile_contributors_are_a_fifth_and_never_right():
    for kind in ("alone", "together"):
        corrections = stream(ROWS, 600, kind, seed=1)
        hostile = [correction for correction in corrections if correction.hostile]
        assert len({correction.actor for correction in hostile}) <= HOSTILE
        assert hostile and all(correction.label != correction.row.label for correction in hostile)
        assert all(correction.label == correction.row.label for correction in corrections if not correction.hostile)
    assert all(correction.label == FLIPPED[correction.row.label] for correction in hostile)


def test_contributors_of_every_kind_label_the_same_messages():
    labelled = {
        kind: [(correction.actor, correction.row) for correction in stream(ROWS, 100, kind, seed=1)] for kind in KINDS
    }
    assert all(messages == labelled["honest"] for messages in labelled.values())


def packed(name: str, content: bytes) -> bytes:
    stream_out = io.BytesIO()
    with tarfile.open(fileobj=stream_out, mode="w:gz") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return stream_out.getvalue()


def test_snippets_are_labelled_by_their_mean_rating_and_divided_by_text(tmp_path):
    ratings = {"awful": "-2.5", "a box": "0.1", "so good": "1.0", "barely bad": "-0.5", "nearly good": "0.49"}
    lines = [f"{number}\t{rating}\t{text} thing" for number, (text, rating) in enumerate(ratings.items())]
    inner = packed(f"folder/{MEMBER}", "\n".join(lines).encode())
    (tmp_path / "vaderSentiment-3.3.2.tar.gz").write_bytes(packed(f"vader/resources/{ARCHIVE}", inner))
    corrected, domain = snippets(tmp_path)
    assert {row.text: row.label for row in corrected + domain} == {
        "awful thing": "negative",
        "a box thing": "neutral",
        "so good thing": "positive",
        "barely bad thing": "negative",
        "nearly good thing": "neutral",
    }
    assert not {row.text for row in corrected} & {row.text for row in domain}


def test_errors_removed_and_accuracy_lost_are_measured_from_the_start_of_the_same_run():
    def line(seed: int, corrections: int, domain: float, elsewhere: float) -> dict:
        common = {
            "people": "honest",
            "seed": seed,
            "every": 0,
            "without": [],
            "corrections": corrections,
            "promoted": seed + 1,
        }
        more = {"hostile_learned": None, "honest_excluded": 0.1, "seconds": 60}
        return common | more | {"domain": domain, "challenger": 0.68, "elsewhere": elsewhere}

    lines = [line(0, 0, 0.6, 0.9), line(0, 300, 0.7, 0.89), line(1, 0, 0.6, 0.9), line(1, 300, 0.62, 0.9)]
    [row] = summary(lines)
    # 0.1 of 0.4 and 0.02 of 0.4; one point and none
    assert (row["seeds"], row["promoted"], row["hostile_learned"]) == (2, 2, None)
    assert row["removed"] == pytest.approx((0.25 + 0.05) / 2)
    # 0.08 of 0.4, promoted or not
    assert row["removed_by_challenger"] == pytest.approx(0.2)
    assert row["spread"] == pytest.approx(0.1)
    assert (row["lost"], row["lost_worst"]) == (pytest.approx(0.005), pytest.approx(0.01))
