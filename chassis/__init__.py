"""What a sixth service would need unchanged: dispatch, event log, relay, consumers, HTTP, auth."""
