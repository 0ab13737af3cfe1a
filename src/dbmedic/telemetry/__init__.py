"""How a server watches itself: counts for Prometheus, spans for OpenTelemetry; and whether it is ready."""
