-- When Kafka's data are lost or an older copy comes back, offsets begin again: a position is believed only while
-- the record before it carries this time stamp (milliseconds, as Kafka keeps it). Null: from before this column.
ALTER TABLE positions ADD COLUMN record_ms bigint;
