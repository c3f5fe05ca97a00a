"""The recorded runs behind a checkpoint."""

import json

from training.compression.distillation import Teacher
from training.release.lineage import previous_runs
from training.release.plan import Options


def write_result(folder, name: str, **record):
    (folder / name).mkdir()
    (folder / name / "result.json").write_text(json.dumps({"history": [{"loss": 1}], **record}))
    return folder / name


def test_previous_runs_are_listed_once_each_with_the_earliest_first(tmp_path):
    teacher = write_result(tmp_path, "teacher", rows=3, before=[{"rows": 1}])
    start = write_result(tmp_path, "start", rows=4, before=[{"rows": 1}, {"rows": 2}])
    options = Options(teachers=(Teacher(teacher),), start=start)
    assert previous_runs(options) == [{"rows": 1}, {"rows": 3}, {"rows": 2}, {"rows": 4}]
    assert previous_runs(Options(teachers=(Teacher(teacher),), start=teacher)) == [{"rows": 1}, {"rows": 3}]


def test_a_start_without_a_result_file_has_no_previous_runs(tmp_path):
    assert previous_runs(Options(start=tmp_path)) == []
