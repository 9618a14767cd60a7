"""A Homeroom for a test suite: a school that is the same each time, and a clock to move."""
