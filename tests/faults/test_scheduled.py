"""The app starts retraining on its schedule and ends it when it stops."""

from benchmarks.app_process import RunningApp


def test_a_scheduled_retraining_run_starts_and_its_outcome_is_logged(installed_data_dir):
    with RunningApp(installed_data_dir, ATTUNE_RETRAIN_CRON="* * * * *", ATTUNE_RETRAIN_MIN_CORRECTIONS="7") as app:
        expected = "scheduled retraining: not-due"
        app.wait(lambda: expected in app.log(), 300, "to retrain")
        assert app.version()
        assert "0 corrections" in app.log().partition(expected)[2].splitlines()[0]
        assert app.stop() == 0
