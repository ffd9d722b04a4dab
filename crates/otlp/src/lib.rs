//! The OTLP wire: decoding, limits, status mapping, receiver services
