"""A real registration day, replayed over HTTP, and the proof that no seat was sold twice."""
