"""Another program holds the write lock of the database for 30 seconds while clients predict and correct."""

import sqlite3
import threading
import time
from contextlib import closing

from benchmarks.app_process import RunningApp

LOCKED_SECONDS = 30.0


def test_while_the_database_is_locked_predictions_have_no_id_and_corrections_get_503(installed_data_dir):
    with RunningApp(installed_data_dir) as app:
        [before] = app.predict(["the bag is lost"])["predictions"]
        responses, refusals, stop = [], [], threading.Event()

        def predict() -> None:
            while not stop.is_set():
                responses.append(app.post("/api/v1/predict", {"texts": ["where is my parcel?"]}))

        def correct() -> None:
            while not stop.is_set():
                refusals.append(app.post("/api/v1/feedback", {"prediction_id": before["id"], "label": "neutral"}))

        with closing(sqlite3.connect(installed_data_dir / "attune.db", isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            clients = [threading.Thread(target=work) for work in (predict, predict, correct)]
            for client in clients:
                client.start()
            time.sleep(LOCKED_SECONDS)
            assert app.get("/readyz")[1]["status"] == "degraded"
            stop.set()
            for client in clients:
                client.join()
        assert {status for status, _ in responses} == {200}
        assert {response["predictions"][0]["id"] for _, response in responses} == {None}
        assert {status for status, _ in refusals} == {503}
        assert "Traceback" not in app.log()
        [after] = app.predict(["the bag is found"])["predictions"]
        for prediction in (before, after):
            receipt = app.correct(prediction["id"], "neutral")
            assert app.get(f"/api/v1/feedback/{receipt}")[1]["label"] == "neutral"
        assert app.get("/readyz")[1]["status"] == "ready"
