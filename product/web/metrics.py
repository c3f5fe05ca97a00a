"""Prometheus metrics. Totals only: no text, no contributor, and no label value that a client can choose."""

import time
from collections.abc import Iterator

from anyio import CapacityLimiter, to_thread
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from product.drift.findings import DriftReport
from product.sentiment import StorageUnavailable
from product.service import Application
from product.storage.attempts import count_attempts_by_outcome
from product.storage.feedback import count_feedback_by_status
from product.storage.versions import active_version, count_versions

FORMAT = "text/plain; version=0.0.4; charset=utf-8"
PAGE, UNKNOWN = "page", "unknown"
"""Routes of requests to the web pages, and of requests below /api that match no route."""


class Metrics:
    """The metrics of one application, in a registry of their own."""

    def __init__(self, application: Application):
        disable_created_metrics()  # type: ignore[no-untyped-call]  # they double the number of series
        self.registry = CollectorRegistry()
        labels = ("route", "status")
        self._requests = Counter(
            "attune_requests", "HTTP requests by route template and status.", labels, registry=self.registry
        )
        self._latency = Histogram(
            "attune_request_duration_seconds", "Seconds until the response starts.", labels, registry=self.registry
        )
        self.registry.register(ApplicationCollector(application))
        # A thread of its own: the common thread pool may be full of requests that wait for the model.
        self._threads = CapacityLimiter(1)

    def observe_request(self, route: str, status: int, seconds: float) -> None:
        self._requests.labels(route, str(status)).inc()
        self._latency.labels(route, str(status)).observe(seconds)

    async def render(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return await to_thread.run_sync(generate_latest, self.registry, limiter=self._threads)


class RequestMetrics:
    """Middleware: counts and times HTTP requests. `routes` are the path templates of the API."""

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: frozenset[str]):
        self.app, self._metrics, self._routes = app, metrics, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        start, started = time.perf_counter(), False

        def observe(status: int) -> None:
            nonlocal started
            if not started:
                started = True
                self._metrics.observe_request(self._route(scope), status, time.perf_counter() - start)

        async def observed_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                observe(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, observed_send)
        except Exception:
            observe(500)  # the response is sent by a middleware around this one
            raise

    def _route(self, scope: Scope) -> str:
        template = getattr(scope.get("route"), "path", None)
        if template in self._routes:
            return str(template)
        return UNKNOWN if scope["path"].startswith("/api/") else PAGE


class ApplicationCollector(Collector):
    """Reads the application's state at each scrape: counters in memory, and a few counts from the database."""

    def __init__(self, application: Application):
        self._application = application

    def collect(self) -> Iterator[Metric]:
        yield from self._engine()
        yield from self._database()
        yield from drift_metrics(self._application.drift.report)

    def _engine(self) -> Iterator[Metric]:
        waiting = self._application.engine.waiting()
        yield GaugeMetricFamily("attune_queue_batches", "Batches that wait for the model.", value=waiting)
        predictions = CounterMetricFamily(
            "attune_predictions",
            "Predictions since the process started, by label, by language and by whether the model has learned it.",
            labels=["label", "language", "supported"],
        )
        for (label, language, supported), count in dict(self._application.prediction_counts).items():
            predictions.add_metric([label, language, str(supported).lower()], count)
        yield predictions

    def _database(self) -> Iterator[Metric]:
        """Nothing while the database cannot be read; /readyz reports that."""
        try:
            with self._application.database.read() as session:
                statuses, outcomes = count_feedback_by_status(session), count_attempts_by_outcome(session)
                versions, active = count_versions(session), active_version(session)
        except StorageUnavailable:
            return
        yield _gauge("attune_corrections", "Corrections by current status.", "status", statuses)
        yield _gauge("attune_retraining_runs", "Finished retraining runs by outcome.", "outcome", outcomes)
        yield GaugeMetricFamily("attune_versions", "Model versions.", value=versions)
        if active:
            yield InfoMetricFamily("attune_active_version", "The active model version.", value={"id": active})


def drift_metrics(report: DriftReport) -> Iterator[Metric]:
    """The newest week's measures that could be computed."""
    newest = report.newest
    if newest is None:
        return
    values = {finding.name: finding.value for finding in newest.findings if finding.value is not None}
    alerts = {finding.name: finding.threshold for finding in newest.findings if finding.value is not None}
    yield _gauge("attune_drift", "Distance of the newest week's messages from the reference.", "measure", values)
    yield _gauge("attune_drift_alert", "The distance from which a measure counts as drifted.", "measure", alerts)
    yield GaugeMetricFamily("attune_drift_rows", "Messages in the newest week.", value=newest.week.rows)


def _gauge(name: str, text: str, label: str, values: dict[str, float] | dict[str, int]) -> Metric:
    gauge = GaugeMetricFamily(name, text, labels=[label])
    for value, number in values.items():
        gauge.add_metric([value], number)
    return gauge
