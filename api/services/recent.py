"""A memory that forgets: what was asked for lately stays, and its size is bounded."""

from __future__ import annotations

import threading
from typing import Any, Generic, TypeVar
from weakref import WeakSet

K = TypeVar("K")
V = TypeVar("V")


_ALL: WeakSet[Recent[Any, Any]] = WeakSet()


def forget_everything() -> None:
    """Empty every memory of this process: another database brings the same ids and versions."""
    for memory in tuple(_ALL):
        memory.forget()


class Recent(Generic[K, V]):
    """Values by key, of this process; at most twice `generation` of them.

    What is asked for moves to the young generation; when that is full, the old one is forgotten.
    """

    def __init__(self, generation: int) -> None:
        self._generation = generation
        self._lock = threading.Lock()
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}
        _ALL.add(self)

    def find(self, key: K) -> V | None:
        """What is known under the key, if anything."""
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is not None:
                self.keep(key, found)
        return found

    def keep(self, key: K, value: V) -> V:
        """Remember a value; the value."""
        with self._lock:
            if len(self._young) >= self._generation:
                self._old, self._young = self._young, {}
            self._young[key] = value
        return value

    def forget(self) -> None:
        """Know nothing any more."""
        with self._lock:
            self._old, self._young = {}, {}
