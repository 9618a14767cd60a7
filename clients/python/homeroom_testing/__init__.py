"""A running Homeroom for the tests of whoever builds on it."""
