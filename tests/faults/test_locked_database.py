"""Another program holds the database's lock for half a minute while people ask and correct."""

import sqlite3
import threading
import time
from contextlib import closing

from benchmarks.app_process import RunningApp

HELD_SECONDS = 30.0


def test_while_the_database_is_locked_answers_come_without_ids_and_corrections_are_refused(installed_data_dir):
    with RunningApp(installed_data_dir) as app:
        [earlier] = app.predict(["the bag is lost"])["predictions"]
        answers, refusals, stop = [], [], threading.Event()

        def ask() -> None:
            while not stop.is_set():
                answers.append(app.post("/api/v1/predict", {"texts": ["where is my parcel?"]}))

        def correct() -> None:
            while not stop.is_set():
                refusals.append(app.post("/api/v1/feedback", {"prediction_id": earlier["id"], "label": "neutral"}))

        with closing(sqlite3.connect(installed_data_dir / "attune.db", isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            clients = [threading.Thread(target=each) for each in (ask, ask, correct)]
            for client in clients:
                client.start()
            time.sleep(HELD_SECONDS)
            assert app.get("/readyz")[1]["status"] == "degraded"
            stop.set()
            for client in clients:
                client.join()
        assert {status for status, _ in answers} == {200}
        assert {answer["predictions"][0]["id"] for _, answer in answers} == {None}
        assert {status for status, _ in refusals} == {503}
        assert "Traceback" not in app.log()
        [later] = app.predict(["the bag is found"])["predictions"]
        for prediction in (earlier, later):
            receipt = app.correct(prediction["id"], "neutral")
            assert app.get(f"/api/v1/feedback/{receipt}")[1]["label"] == "neutral"
        assert app.get("/readyz")[1]["status"] == "ready"
