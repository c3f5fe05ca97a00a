"""A few labelled messages to train on."""

from training.data.rows import Row

MESSAGES = [
    Row(text, label, "test")
    for label, texts in {
        "negative": ("it broke again", "nobody answers me", "the worst service", "I want my money back"),
        "neutral": ("what time do you open", "send me the invoice", "my number is new", "where is the form"),
        "positive": ("thanks, it works", "great help today", "love the new app", "you were so kind"),
    }.items()
    for text in texts
]
