"""A group of nodes that take turns, as behind a balancer."""

import itertools
from dataclasses import dataclass, field


@dataclass
class TakingTurns:
    """A client of several nodes with one public address: each request goes to the next of them."""

    base_url: str
    clients: list
    served: list = field(default_factory=list)

    def __post_init__(self):
        self._turns = itertools.cycle(self.clients)

    def request(self, method, url, **options):
        """One request, to the node whose turn it is."""
        client = next(self._turns)
        self.served.append(client)
        return client.request(method, url.removeprefix(self.base_url), **options)

    def post(self, url, **options):
        return self.request("POST", url, **options)
