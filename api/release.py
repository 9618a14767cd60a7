"""Which release this is; semantic versioning of what clients see."""

RELEASE = "0.1.0"
