"""Turns a script of answers into a Fetcher for tests: no sockets, every request recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from aggregator.model import Fetched, FetchFailed, FetchOutcome, FetchRequest

Answer = FetchOutcome | Sequence[FetchOutcome] | Callable[[FetchRequest], FetchOutcome]


class FakeFetcher:
    """Answers each URL from a script.

    An answer is an outcome, a sequence of outcomes (one a request; the last repeats), or a
    function of the request. A URL the script does not name fails with the reason `dns`.
    `requests` holds every request in order, `released` every body given back.
    """

    def __init__(self, answers: Mapping[str, Answer] | None = None) -> None:
        self.answers: dict[str, Answer] = dict(answers or {})
        self.requests: list[FetchRequest] = []
        self.released: list[Fetched] = []
        self.closed = False

    async def fetch(self, request: FetchRequest) -> FetchOutcome:
        """The next scripted outcome for the request's URL."""
        count = sum(1 for earlier in self.requests if earlier.url == request.url)
        self.requests.append(request)
        answer = self.answers.get(request.url)
        if answer is None:
            return FetchFailed(request.url, "dns", f"the script knows no {request.url}")
        if isinstance(answer, Sequence):
            return answer[min(count, len(answer) - 1)]
        return answer(request) if callable(answer) else answer

    def release(self, fetched: Fetched) -> None:
        """Note that the body was given back."""
        self.released.append(fetched)

    async def close(self) -> None:
        """Note that the fetcher was closed."""
        self.closed = True
