"""Booking: sessions with a capacity, and the places that citizens book in them."""
