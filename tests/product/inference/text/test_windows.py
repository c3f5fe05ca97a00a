from product.inference.text.windows import cut, sentence_starts


def test_sentences_start_after_full_stops_of_both_languages():
    assert sentence_starts("It broke. Help!  Now") == [0, 9, 15]
    assert sentence_starts("裂了。怎么办？好的") == [0, 3, 7]


def test_a_decimal_point_ends_no_sentence():
    assert sentence_starts("It costs 4.99 now") == [0]


def test_windows_take_whole_sentences_while_they_fit():
    # Three sentences of four tokens, each token one character: two fit into a window of nine.
    offsets = [(position, position + 1) for position in range(12)]
    assert cut([0, 4, 8], offsets, limit=9) == [(0, 8), (8, 12)]


def test_a_sentence_longer_than_a_window_is_cut():
    offsets = [(position, position + 1) for position in range(10)]
    assert cut([0, 2], offsets, limit=4) == [(0, 2), (2, 6), (6, 10)]


def test_windows_cover_every_token_once():
    offsets = [(position, position + 1) for position in range(101)]
    windows = cut(list(range(0, 101, 7)), offsets, limit=16)
    assert [token for start, end in windows for token in range(start, end)] == list(range(101))
    assert all(end - start <= 16 for start, end in windows)
