"""Sends one trace, one metric and one log with the OpenTelemetry SDK for Python.

Arguments: protocol (http or grpc), endpoint. Prints the trace id.
"""

import logging
import sys

from opentelemetry import metrics, trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

protocol, endpoint = sys.argv[1], sys.argv[2]

if protocol == "http":
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    exporters = (
        OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces"),
        OTLPMetricExporter(endpoint=f"{endpoint}/v1/metrics"),
        OTLPLogExporter(endpoint=f"{endpoint}/v1/logs"),
    )
else:
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    exporters = (
        OTLPSpanExporter(endpoint=endpoint, insecure=True),
        OTLPMetricExporter(endpoint=endpoint, insecure=True),
        OTLPLogExporter(endpoint=endpoint, insecure=True),
    )

resource = Resource.create({"service.name": f"python-{protocol}", "service.instance.id": "i-1"})
tracer_provider = TracerProvider(resource=resource)
tracer_provider.add_span_processor(BatchSpanProcessor(exporters[0]))
meter_provider = MeterProvider(
    resource=resource, metric_readers=[PeriodicExportingMetricReader(exporters[1])]
)
logger_provider = LoggerProvider(resource=resource)
logger_provider.add_log_record_processor(BatchLogRecordProcessor(exporters[2]))
trace.set_tracer_provider(tracer_provider)
metrics.set_meter_provider(meter_provider)
set_logger_provider(logger_provider)
logging.getLogger().addHandler(LoggingHandler(logger_provider=logger_provider))

counter = metrics.get_meter("suite").create_counter("python.orders", unit="{order}")
histogram = metrics.get_meter("suite").create_histogram("python.latency", unit="s")
with trace.get_tracer("suite").start_as_current_span("checkout") as span:
    span.set_attribute("order.items", 3)
    span.add_event("priced", {"total": 9.5})
    counter.add(3, {"region": "north"})
    histogram.record(0.25, {"region": "north"})
    logging.getLogger("shop").warning("stock is low")
    print(format(span.get_span_context().trace_id, "032x"))

failed = [
    name
    for name, flushed in (
        ("traces", tracer_provider.force_flush()),
        ("metrics", meter_provider.force_flush()),
        ("logs", logger_provider.force_flush()),
    )
    if not flushed
]
tracer_provider.shutdown()
meter_provider.shutdown()
logger_provider.shutdown()
sys.exit(f"not flushed: {failed}" if failed else 0)
