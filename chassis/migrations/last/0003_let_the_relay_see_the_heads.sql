-- Whoever compares the log with Kafka reads the topics of facts that have left the log for files.
GRANT SELECT ON heads TO {relay};
