import pytest

from training.modelling.folders import last_checkpoint, open_run_folder
from training.modelling.recipe import BadRun


def test_a_run_folder_is_opened_again_only_for_the_same_request(tmp_path):
    open_run_folder(tmp_path / "work", {"corpora": ["airline"]})
    open_run_folder(tmp_path / "work", {"corpora": ["airline"]})
    with pytest.raises(BadRun, match="belongs to a run with other options; delete it, or choose another --out"):
        open_run_folder(tmp_path / "work", {"corpora": ["imdb"]})


def test_the_last_checkpoint_is_the_newest_complete_one(tmp_path):
    assert last_checkpoint(tmp_path) is None
    for step, state in ((9, "{}"), (10, '{"global_step": 10}'), (100, '{"global_'), (200, None)):
        (tmp_path / f"checkpoint-{step}").mkdir()
        if state:
            (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text(state)
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-10")
