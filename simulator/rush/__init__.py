"""The rush for the places of a day: a crowd, its play over the public APIs, and who got what."""
