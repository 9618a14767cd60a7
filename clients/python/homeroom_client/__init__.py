"""A client that knows the root of a Homeroom, and follows links and forms from there."""
