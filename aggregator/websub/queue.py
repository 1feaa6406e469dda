"""Deliveries that are due → the next one to start: few at a time to a host, hosts in turn. Pure."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Iterable

from aggregator.model import Delivery


class Queue:
    """Deliveries of one kind: those never failed, or those that did. Each kind has its own room."""

    def __init__(self, at_once: int, per_host: int) -> None:
        self._at_once = at_once
        self._per_host = per_host
        # Hosts that have something waiting; the one whose turn came last is the last.
        self._waiting: OrderedDict[str, deque[Delivery]] = OrderedDict()
        self._hosts: Counter[str] = Counter()
        self.under_way = 0
        # Whether the store may hold more that is due.
        self.is_due = True
        self._asked_without: frozenset[str] | None = None

    def has_room(self) -> bool:
        """Whether another delivery may start."""
        return self.under_way < self._at_once

    def hosts(self) -> frozenset[str]:
        """The hosts that have deliveries waiting: nothing more of them need be loaded."""
        return frozenset(self._waiting)

    def wants_more(self) -> bool:
        """Whether loading might bring something that can start."""
        return self.has_room() and self.is_due and self._asked_without != self.hosts()

    def loaded(self, deliveries: Iterable[Delivery], without: frozenset[str], all_of: bool) -> None:
        """Take what was loaded without some hosts; `all_of`: there is no more beside them."""
        found = False
        for delivery in deliveries:
            found = True
            self._waiting.setdefault(delivery.host, deque()).append(delivery)
        self.is_due = bool(without) or not all_of
        self._asked_without = None if found else without

    def renew(self) -> None:
        """Something changed: forget what waits, for the store knows better now."""
        self._waiting.clear()
        self.is_due = True
        self._asked_without = None

    def take(self) -> Delivery | None:
        """The next delivery to start, counted as under way; None where none may start."""
        if not self.has_room():
            return None
        for host in list(self._waiting):
            if self._hosts[host] < self._per_host:
                waiting = self._waiting[host]
                delivery = waiting.popleft()
                if waiting:
                    self._waiting.move_to_end(host)
                else:
                    del self._waiting[host]
                self._hosts[host] += 1
                self.under_way += 1
                return delivery
        return None

    def done(self, host: str) -> None:
        """A delivery to `host` has ended."""
        self.under_way -= 1
        self._hosts[host] -= 1
        if not self._hosts[host]:
            del self._hosts[host]
