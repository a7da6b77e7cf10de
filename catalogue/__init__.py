"""Malls, agencies, services, journeys, calendars as versioned data; a checker, a publisher."""
