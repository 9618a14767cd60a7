"""Which release this is; semantic versioning of what clients see."""

RELEASE = "1.0.0"
