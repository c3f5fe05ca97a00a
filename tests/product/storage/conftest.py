import pytest

from product.storage.predictions import save_predictions
from tests.support.stored import P1, P2


@pytest.fixture
def session(database, make_prediction):
    """One write transaction with two stored predictions, both said to be neutral."""
    with database.write() as session:
        save_predictions(session, [make_prediction(id=P1), make_prediction(id=P2, text="bad bag")])
        yield session
