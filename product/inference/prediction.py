"""Predictions: the scores of a text with its route, the version and a new id."""

from product.inference.engine import Scorer
from product.sentiment import Prediction, new_id
from product.triage import route


def predict_batch(scorer: Scorer, texts: list[str]) -> list[Prediction]:
    """Predictions with new ids, not stored yet. `texts` are redacted (`redact_for_storage`). Raises NoModel."""
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
