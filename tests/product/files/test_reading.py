"""Tables read row by row."""

import pytest

from product.files.reading import Row, batches, read_heading, read_rows
from product.sentiment import InvalidInput


def rows(path, content: str | bytes):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_rows(path))


def test_csv_rows_are_numbered_as_in_a_spreadsheet_and_short_ones_are_filled(tmp_path):
    content = 'text,label\n"two\nlines, ""quoted""",negative\n\n很好\n'
    assert rows(tmp_path / "a.csv", content) == [
        Row(2, {"text": 'two\nlines, "quoted"', "label": "negative"}),
        Row(4, {"text": "很好", "label": ""}),
    ]


def test_a_row_with_more_cells_than_the_heading_is_a_problem_and_the_next_is_read(tmp_path):
    first, second = rows(tmp_path / "a.csv", "text,label\na,b,c\nd,e\n")
    assert (first.number, first.values, first.problem) == (2, {}, "has 3 cells, the heading has 2")
    assert second.values == {"text": "d", "label": "e"}


def test_a_byte_order_mark_is_not_part_of_a_column_name(tmp_path):
    [row] = rows(tmp_path / "a.csv", b"\xef\xbb\xbftext\nhello\n")
    assert row.values == {"text": "hello"}


@pytest.mark.parametrize("mark", [";", "\t"])
def test_the_separator_is_found_in_the_heading(tmp_path, mark):
    [row] = rows(tmp_path / "a.csv", f'"text"{mark}label\n"bad{mark} really, bad"{mark}negative\n')
    assert row.values == {"text": f"bad{mark} really, bad", "label": "negative"}


def test_quoted_separators_in_a_heading_separate_nothing(tmp_path):
    (tmp_path / "a.csv").write_text('"a;b;c",d\n1,2\n')
    assert read_heading(tmp_path / "a.csv") == ["a;b;c", "d"]


def test_a_cell_longer_than_the_default_limit_of_python_is_read(tmp_path):
    [row] = rows(tmp_path / "a.csv", "text,notes\nhello," + "x" * 200_000 + "\n")
    assert len(row.values["notes"]) == 200_000


def test_jsonl_is_numbered_by_line_and_a_line_without_an_object_is_a_problem(tmp_path):
    found = rows(tmp_path / "a.jsonl", '{"text": "a"}\n\n[1]\n{"text": \n')
    assert [(row.number, row.values) for row in found] == [(1, {"text": "a"}), (3, {}), (4, {})]
    assert found[1].problem == "must be a JSON object"
    assert found[2].problem.startswith("must be JSON (")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "", "the first row must name the columns"),
        ("a.csv", "text,text\na,b\n", "two columns are called 'text'"),
        ("a.csv", '"text\nhello\n', "row 1 is not CSV"),
        ("a.csv", b"text\ncaf\xe9\n", "must be UTF-8"),
        ("a.jsonl", b'{"text": "caf\xe9"}\n', "must be UTF-8"),
        ("a.csv", 'text\nfine\n"never closed\n', "row 3 is not CSV"),
        ("a.xlsx", "", "must be a .csv or .jsonl"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_by_name_and_reason(tmp_path, name, content, said):
    with pytest.raises(InvalidInput, match=f"{name}: .*{said}"):
        rows(tmp_path / name, content)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="none.csv: cannot be read: No such file"):
        read_heading(tmp_path / "none.csv")


def test_the_last_batch_may_be_shorter():
    assert list(batches(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(batches([], 2)) == []
