"""Predictions from scores: label, confidence, route and a new id for each text."""

from product.inference.engine import Scorer
from product.sentiment import Prediction, new_id
from product.triage import route


def predict_batch(scorer: Scorer, texts: list[str]) -> list[Prediction]:
    """Answers with new ids, not stored yet; `texts` as `kept` gives them. Raises NoModel."""
    scored = scorer.score(texts)
    return [
        Prediction(
            text=text,
            label=score.label,
            confidence=score.confidence,
            scores=score.scores,
            language=score.language,
            route=route(score.scores),
            truncated=score.truncated,
            model_version=scored.version,
            id=new_id(),
        )
        for text, score in zip(texts, scored.texts, strict=True)
    ]
