"""The whole loop with the real app: database, model, retrain command, swap, rollback and erasure."""

import csv
import json
from pathlib import Path

import pytest

from benchmarks.app_process import RunningApp, command
from product.codes import Outcome, RunCode
from training.data.catalogue import load_clean

DATA = Path(__file__).resolve().parent.parent / "data"
CORRECTIONS = 90
SWAP_SECONDS = 5.0
"""Within this time a running app serves a new active version."""


def read_csv(name: str) -> list[dict]:
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def accuracy(app: RunningApp, rows: list[dict]) -> float:
    labels = app.labels([row["text"] for row in rows])
    return sum(label == row["label"] for label, row in zip(labels, rows, strict=True)) / len(rows)


def corrections_and_confirmations(app: RunningApp) -> tuple[list[tuple[dict, str]], list[tuple[dict, str]]]:
    """(row, prediction id) of praise in slang that the model gets wrong, and of complaints in the same words that it
    gets right: what a team would correct, and what it would confirm."""
    rows = read_csv("loop_corrections.csv")
    predictions = app.predict([row["text"] for row in rows])["predictions"]
    pairs = [(row, one["id"], one["label"] == row["label"]) for row, one in zip(rows, predictions, strict=True)]
    wrong = [(row, id) for row, id, right in pairs if not right and row["label"] == "positive"]
    return wrong, [(row, id) for row, id, right in pairs if right and row["label"] == "negative"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Everything happens once, in this order; the tests below check what was recorded."""
    record = {}
    data_dir = tmp_path_factory.mktemp("loop") / "data"
    probes = read_csv("loop_probes.csv")
    similar = [row for row in probes if row["role"] == "kind"]
    counter_examples = [row for row in probes if row["role"] == "counter"]
    gate_rows = [vars(row) for row in load_clean("airline", "gate", corpus_dir="")][:512]
    probe_texts = [row["text"] for row in probes]
    with RunningApp(data_dir) as app:

        def measure(moment: str) -> None:
            record[moment] = {
                "version": app.version(),
                "similar": accuracy(app, similar),
                "counter": accuracy(app, counter_examples),
                "gate": sum(accuracy(app, gate_rows[start : start + 256]) for start in (0, 256)) / 2,
                "labels": app.labels(probe_texts),
            }

        def receipts_of(ids: list[str]) -> list[dict]:
            return [app.get(f"/api/v1/feedback/{id}")[1] for id in ids]

        measure("before")
        wrong, right = corrections_and_confirmations(app)
        record["wrong"] = len(wrong)
        corrected = [app.correct(id, row["label"]) for row, id in wrong[:CORRECTIONS]]
        confirmed = [app.correct(id, row["label"]) for row, id in right]
        record["corrected"] = len(corrected)
        command("training", "retrain", "--json", str(data_dir / "outcome.json"), data_dir=data_dir)
        record["result"] = json.loads((data_dir / "outcome.json").read_text())
        version = record["result"]["version"]
        if version:
            record["swap_seconds"] = app.wait_for_version(version)
        measure("after")
        record["receipts"], record["confirmed"] = receipts_of(corrected), receipts_of(confirmed)
        record["versions"] = app.get("/api/v1/versions")[1]
        if version:  # otherwise the first test fails and says why
            command("product", "rollback", data_dir=data_dir)
            app.wait_for_version(record["before"]["version"])
        measure("rolled_back")
        record["receipts_rolled_back"] = receipts_of(corrected)
        learned = [receipt["feedback_id"] for receipt in record["receipts"] if receipt["status"] == "learned"]
        if learned:
            command("product", "promote", version, data_dir=data_dir)
            erasure = ("--feedback", learned[0], "--yes", "--retrain")
            print(command("product", "erase", *erasure, data_dir=data_dir).stdout)
            record["versions_erased"] = app.get("/api/v1/versions")[1]
            record["receipts_erased"] = receipts_of(learned)
        record["same_process"] = app.process.poll() is None
    print_figures(record)
    return record


def print_figures(record: dict) -> None:
    """Shown by `pytest -s`; the README's figures come from here."""
    for moment in ("before", "after", "rolled_back"):
        shares = ", ".join(f"{name} {record[moment][name]:.1%}" for name in ("similar", "counter", "gate"))
        print(f"{moment} ({record[moment]['version']}): accuracy: {shares}")
    for version in record.get("versions_erased", []):
        if version["active"]:
            print(f"without the erased correction: {version['verdict']['reasons']}")
    print(f"retraining took {record['result']['seconds']} s; the swap took {record.get('swap_seconds', 0):.1f} s")


def test_the_shipped_model_labels_enough_messages_wrongly(run):
    assert run["wrong"] >= CORRECTIONS
    assert run["corrected"] == CORRECTIONS


def test_retraining_promotes_a_version_and_the_running_app_serves_it(run):
    assert run["result"]["outcome"] == Outcome.promoted, run["result"]
    assert run["swap_seconds"] <= SWAP_SECONDS
    assert run["same_process"]
    assert run["after"]["version"] == run["result"]["version"] != run["before"]["version"]


def test_more_similar_messages_in_uncorrected_phrasings_are_labelled_correctly(run):
    # Five of forty more, none broken, would happen by chance once in 32 times.
    assert run["after"]["similar"] >= run["before"]["similar"] + 5 / 40


def test_counter_examples_stay_correct(run):
    # At most two of forty may change for the worse.
    assert run["after"]["counter"] >= run["before"]["counter"] - 2 / 40


def test_accuracy_on_airline_gate_rows_stays_within_the_allowed_loss(run):
    assert run["after"]["gate"] >= run["before"]["gate"] - 0.01


def test_the_version_has_its_verdict(run):
    active = next(version for version in run["versions"] if version["active"])
    assert active["id"] == run["result"]["version"]
    assert active["parent"] == run["before"]["version"]
    receipts = run["receipts"] + run["confirmed"]
    assert active["corrections"] == sum(receipt["status"] == "learned" for receipt in receipts)
    assert active["verdict"]["promote"] is True


def test_receipts_show_learned_and_held_out_corrections(run):
    learned = [receipt for receipt in run["receipts"] if receipt["status"] == "learned"]
    assert {receipt["learned_in"] for receipt in learned} == {run["result"]["version"]}
    # two fifths of 90 are held out, give or take near-duplicates
    assert 45 <= len(learned) <= 60
    agreeing = sum(receipt["agrees_now"] for receipt in learned)
    assert agreeing >= 0.8 * len(learned)


def test_a_rollback_restores_the_old_predictions(run):
    assert run["rolled_back"]["version"] == run["before"]["version"]
    assert run["rolled_back"]["labels"] == run["before"]["labels"]
    assert not [receipt for receipt in run["receipts_rolled_back"] if receipt["status"] == "learned"]


def test_an_erased_correction_is_trained_out_although_there_is_nothing_new_to_learn(run):
    [active] = [version for version in run["versions_erased"] if version["active"]]
    before = next(version for version in run["versions"] if version["active"])
    assert (active["parent"], active["corrections"]) == (before["id"], before["corrections"] - 1)
    assert active["verdict"]["reasons"][0]["code"] == RunCode.not_worse_without_withdrawn
    erased, *others = run["receipts_erased"]
    assert erased["status"] == "erased"
    # the others are still learned, and were first learned by the version before
    assert {(receipt["status"], receipt["learned_in"]) for receipt in others} == {("learned", before["id"])}
