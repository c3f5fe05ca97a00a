"""The app starts the retrain command by its own clock, and ends it with itself."""

from benchmarks.app_process import RunningApp


def test_the_app_retrains_by_its_clock_and_the_log_says_what_came_of_it(installed_data_dir):
    with RunningApp(installed_data_dir, ATTUNE_RETRAIN_CRON="* * * * *", ATTUNE_RETRAIN_MIN_CORRECTIONS="7") as app:
        expected = "scheduled retraining: not-due: 0 corrections since the last attempt, 7 make a run due"
        app.wait(lambda: expected in app.log(), 300, "to have retrained")
        assert app.version()
        assert app.stop() == 0
