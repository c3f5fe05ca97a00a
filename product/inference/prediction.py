"""Predictions: what a customer wrote, its scores with the route, the version and a new id."""

from dataclasses import replace

from product.inference.engine import Scorer
from product.message.customer import CustomerText, customer_text
from product.privacy.redact import redact_for_storage
from product.sentiment import Prediction, new_id
from product.triage import route


def as_read(message: str) -> CustomerText:
    """What the model reads of a message and the database may keep: the customer's words, identifiers redacted.

    Serving, import, scoring and training all read messages this way.
    """
    found = customer_text(message)
    return replace(found, text=redact_for_storage(found.text))


def predict_messages(scorer: Scorer, messages: list[str]) -> list[Prediction]:
    """Predictions for messages as they arrive, with new ids, not stored yet. Raises NoModel."""
    found = [as_read(message) for message in messages]
    predictions = predict_batch(scorer, [text.text for text in found])
    return [replace(prediction, omitted=text.omitted) for prediction, text in zip(predictions, found, strict=True)]


def predict_batch(scorer: Scorer, texts: list[str]) -> list[Prediction]:
    """Predictions with new ids, not stored yet, for texts that come from `as_read`. Raises NoModel."""
    result = scorer.score(texts)
    return [
        Prediction(
            text=text,
            label=score.label,
            confidence=score.confidence,
            scores=score.scores,
            language=score.language,
            supported=score.supported,
            route=route(score.scores, supported=score.supported),
            truncated=score.truncated,
            model_version=result.version,
            id=new_id(),
        )
        for text, score in zip(texts, result.scores, strict=True)
    ]
