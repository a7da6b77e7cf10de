"""The settings of the embedded PostgreSQL."""

from collections.abc import Mapping

LAPTOP: Mapping[str, str] = {
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    # The only kind that this build knows takes 40 us for each page that is copied into the log.
    "wal_compression": "off",
    "max_slot_wal_keep_size": "4GB",  # an archive that nobody follows must not fill the disk
    "idle_replication_slot_timeout": "3d",
    "max_connections": "100",
    "synchronous_commit": "on",
    "fsync": "on",
    "jit": "off",
    "autovacuum_naptime": "15s",
    "autovacuum_vacuum_cost_limit": "1000",
    "autovacuum_vacuum_insert_scale_factor": "0.05",
    "random_page_cost": "1.1",
    "effective_io_concurrency": "16",
    "log_min_duration_statement": "-1",
    "log_line_prefix": "%m [%p] %d ",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
"""Settings for a laptop with everything on it; what was committed survives a power cut."""
