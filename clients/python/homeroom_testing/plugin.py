"""The pytest plugin: a Homeroom for the session, an organization of its own for each test."""
