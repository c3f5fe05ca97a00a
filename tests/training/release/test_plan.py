"""What a run says of itself and of the runs before it."""

import json

from training.compression.distillation import Teacher
from training.release.lineage import previous_runs
from training.release.plan import Options


def result(folder, name: str, **told):
    (folder / name).mkdir()
    (folder / name / "result.json").write_text(json.dumps({"history": [{"loss": 1}], **told}))
    return folder / name


def test_runs_before_are_told_once_each_and_the_earliest_first(tmp_path):
    teacher = result(tmp_path, "teacher", rows=3, before=[{"rows": 1}])
    start = result(tmp_path, "start", rows=4, before=[{"rows": 1}, {"rows": 2}])
    options = Options(teachers=(Teacher(teacher),), start=start)
    assert previous_runs(options) == [{"rows": 1}, {"rows": 3}, {"rows": 2}, {"rows": 4}]
    assert previous_runs(Options(teachers=(Teacher(teacher),), start=teacher)) == [{"rows": 1}, {"rows": 3}]


def test_a_start_without_a_result_file_tells_nothing(tmp_path):
    assert previous_runs(Options(start=tmp_path)) == []
