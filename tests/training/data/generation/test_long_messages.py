from training.data.generation.composition import parts
from training.data.generation.long_messages import long_messages, unseen_parts

LISTS = {
    "failure": ["It broke"],
    "not_received": ["Nothing came"],
    "feeling_negative": ["I am angry"],
    "threat": ["I will sue"],
    "negated_negative": ["Not what I paid for"],
    "feeling_positive": ["I love it"],
    "thanks_done": ["Thanks for the help"],
    "negated_positive": ["No complaints"],
    "fact": ["It is blue"],
}
CALM = ["It is blue", "I live upstairs"]


def test_a_long_message_has_one_deciding_sentence_at_the_named_place():
    for row, place in long_messages("en", LISTS, CALM, 60, seed=0):
        sentences = row.text.removesuffix(".").split(". ")
        deciding = [index for index, sentence in enumerate(sentences) if sentence not in CALM]
        if row.label == "neutral":
            assert (deciding, place) == ([], "")
            continue
        assert len(deciding) == 1
        assert place == ("start", "middle", "end")[3 * deciding[0] // len(sentences)]
        negative = sentences[deciding[0]] in sum((LISTS[name] for name in ("failure", "threat")), []) + [
            "Nothing came",
            "I am angry",
            "Not what I paid for",
        ]
        assert row.label == ("negative" if negative else "positive")


def test_long_messages_have_from_six_sentences_to_about_two_thousand_words():
    lengths = [len(row.text.split(". ")) for row, _ in long_messages("en", LISTS, CALM, 200, seed=0)]
    assert min(lengths) >= 6
    assert 100 < max(lengths) <= 141


def test_parts_for_the_head_are_not_trained_on():
    for language in ("en", "zh"):
        trained = {text for texts in parts(language, "train").values() for text in texts}
        assert not trained & {text for texts in unseen_parts(language).values() for text in texts}
