"""Paths and helpers for tests of the REST API."""

from product.storage.tables import FeedbackRow

PREDICT, FEEDBACK = "/api/v1/predict", "/api/v1/feedback"


def post_bytes(client, path: str, body, content_type: str = "application/json"):
    """Send a body as it is. An iterable of bytes is streamed without a declared length."""
    return client.post(path, content=body, headers={"content-type": content_type})


def actors(database) -> list[str]:
    """Who gave the stored corrections."""
    with database.read() as session:
        return [row.actor.handle for row in session.query(FeedbackRow)]
