"""Process logs as streams of rows: CSV or IEEE XES, plain or gzipped. Also makes large ones."""
