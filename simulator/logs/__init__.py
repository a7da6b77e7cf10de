"""Process logs as streams of rows: CSV and IEEE XES, plain or gzipped, and a maker of large ones."""
