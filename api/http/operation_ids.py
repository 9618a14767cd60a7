"""What operations are called: `verb_noun`, from the class of the resource and the method."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

METHODS = ("get", "post", "patch", "put", "delete")

VERBS: Mapping[str, str] = {
    "get": "get",
    "post": "create",
    "patch": "update",
    "put": "replace",
    "delete": "delete",
}


@lru_cache(maxsize=1024)
def operation_id_of(name: str, method: str) -> str:
    """The operation id, from the class's name, which is its route's endpoint, and the method."""
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    if snake.endswith("_by_external_id"):
        noun = snake.removesuffix("_by_external_id")
        return f"upsert_{noun}" if method == "put" else f"{VERBS[method]}_{snake}"
    if snake.endswith("_list"):
        noun = snake.removesuffix("_list")
        return f"list_{plural(noun)}" if method == "get" else f"{VERBS[method]}_{noun}"
    return f"{VERBS[method]}_{snake.removesuffix('_item')}"


def plural(noun: str) -> str:
    """The plural of the nouns that name our collections."""
    if noun.endswith(("s", "x", "ch")):
        return noun + "es"
    return noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
