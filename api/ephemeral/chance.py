"""Chance that repeats: ids and secrets drawn from a seed."""

from __future__ import annotations

import random  # noqa: TID251 - what is to repeat cannot come from `secrets`
from collections.abc import Sequence

from api.authz import secrets


class Chance:
    """Draws the same after every start with the same seed, in the same order of questions.

    It guesses nothing and protects nothing: who knows the seed knows every draw.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - see above

    def randomness(self, count: int) -> bytes:
        """That many bytes, for `api.ids.Ids`."""
        return self._random.randbytes(count)

    def secret(self, prefix: str) -> str:
        """A secret of the form that `api.authz.secrets` gives to real ones."""
        return secrets.new_secret(prefix, choose=self._choose)

    def _choose(self, among: Sequence[str]) -> str:
        return self._random.choice(among)
