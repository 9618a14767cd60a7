"""How much one caller may ask: a moving window by user, or by address before login."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, MovingWindowSupport, RedisStorage

from api.errors import RateLimited, Unavailable

if TYPE_CHECKING:
    from api.http.authentication import Caller
    from api.http.operation import operation

OFF: Final = "off"
SWEEP_SECONDS: Final = 5
REDIS_SECONDS: Final = 0.5
"""How long a Redis that does not answer holds a request up; by default it is for ever."""
LOGIN_RATE_OF_ADDRESS: Final = "100/5minute"
LOGIN_RATE_OF_ACCOUNT: Final = "10/5minute"
FEWEST: Final = {"account": 3}
"""The smallest share of a process: one who mistypes a password once must still get in."""


class PatientMemory(MemoryStorage):
    """The library's memory storage, swept every five seconds instead of a hundred times a second.

    A sweep looks at every caller's window; in a rush of thousands that took most of a core. The
    windows themselves go by the time of their entries, so only forgotten ones wait for it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.timer.cancel()

    def _MemoryStorage__schedule_expiry(self) -> None:  # noqa: N802  # the library's private name
        if not self.timer.is_alive():
            sweep = self._MemoryStorage__expire_events  # type: ignore[attr-defined]  # the same
            self.timer = threading.Timer(SWEEP_SECONDS, sweep)
            self.timer.daemon = True
            self.timer.start()


def storage_of(redis_url: str | None) -> MovingWindowSupport:
    """Where windows are kept: Redis if there is one, else the memory of this process."""
    if redis_url is None:
        return PatientMemory()
    return RedisStorage(
        redis_url,
        wrap_exceptions=True,
        socket_connect_timeout=REDIS_SECONDS,
        socket_timeout=REDIS_SECONDS,
    )


@dataclass(frozen=True, slots=True)
class State:
    """What the `RateLimit` header says: units left, and seconds until the window moves on."""

    policy: str
    left: int
    seconds: int


@dataclass(slots=True)
class RateLimits:
    """The policies of one deployment. `off` switches the two general ones off, never the login's.

    With the storage away, signed-in callers pass (reading must not stop because Redis did) and
    login is closed, for guessing passwords must not become free.
    """

    storage: MovingWindowSupport
    policies: Mapping[str, RateLimitItem]
    fields: Mapping[str, tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        self.fields = {
            name: ("RateLimit-Policy", f'"{name}";q={item.amount};w={item.get_expiry()}')
            for name, item in self.policies.items()
        }

    @classmethod
    def of(
        cls, storage: MovingWindowSupport, *, default: str, registration: str, workers: int
    ) -> RateLimits:
        """Read the settings (`600/minute`, `off`), each divided among `workers` processes."""
        wanted = {
            "default": default,
            "registration": registration,
            "login": LOGIN_RATE_OF_ADDRESS,
            "account": LOGIN_RATE_OF_ACCOUNT,
        }
        policies = {name: parse(rate) for name, rate in wanted.items() if rate != OFF}
        if workers > 1 and isinstance(storage, MemoryStorage):
            for name, item in policies.items():
                item.amount = max(FEWEST.get(name, 1), item.amount // workers)
        return cls(storage, policies)

    def spend(self, served: operation, caller: Caller, *, is_revalidation: bool) -> State | None:
        """Take one unit; a revalidation only looks, and pays when it turns out to be a 200.

        Raises:
            RateLimited: the window is full.
            Unavailable: the storage is away and the caller is not signed in.
        """
        item = self.policies.get(served.rate)
        if item is None:
            return None
        window = _window(served.rate, _caller(caller))
        try:
            passed = is_revalidation or self._enter(item, window)
            state = self._state(served.rate, item, window)
        except StorageError as away:
            if served.rate == "login" or caller.actor.user_id is None:
                raise Unavailable from away
            return None
        if not passed or (is_revalidation and state.left < 1):
            raise RateLimited(served.rate, max(1, state.seconds))
        return state

    def spend_login(self, username: str) -> None:
        """Take one try at the password of one account, from wherever it is tried.

        Raises:
            RateLimited: too many tries in the last five minutes; nobody is locked out for longer.
            Unavailable: the storage is away.
        """
        item, window = self.policies["account"], _window("account", username)
        try:
            if not self._enter(item, window):
                raise RateLimited("account", max(1, self._state("account", item, window).seconds))
        except StorageError as away:
            raise Unavailable from away

    def pay(self, served: operation, caller: Caller) -> None:
        """Take the unit of a revalidation that was answered in full."""
        item = self.policies.get(served.rate)
        if item is None:
            return
        try:
            self._enter(item, _window(served.rate, _caller(caller)))
        except StorageError:
            return

    # The library's own limiter would write the name of the window anew for each of the two.
    def _enter(self, item: RateLimitItem, window: str) -> bool:
        return self.storage.acquire_entry(window, item.amount, item.get_expiry())

    def _state(self, name: str, item: RateLimitItem, window: str) -> State:
        began, taken = self.storage.get_moving_window(window, item.amount, item.get_expiry())
        # The storage keeps its windows by the clock of this machine, and so must this.
        seconds = math.ceil(began + item.get_expiry() - time.time())  # noqa: TID251  # see above
        return State(name, item.amount - taken, max(0, seconds))


def _window(policy: str, who: str) -> str:
    return f"homeroom/{policy}/{who}"


def _caller(caller: Caller) -> str:
    user_id = caller.actor.user_id
    return caller.address if user_id is None else user_id.hex
