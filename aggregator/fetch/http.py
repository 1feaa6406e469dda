"""Turns a FetchRequest into a FetchOutcome over HTTP: queued, guarded, counted, timed.

One coroutine per fetch; redirects are followed here, hop by hop, so that every hop has its own
lane, guard and headers.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from yarl import URL

from aggregator.clock import Clock
from aggregator.fetch import addresses
from aggregator.fetch.addresses import Address, BadAddress, without_credentials
from aggregator.fetch.agent import user_agent
from aggregator.fetch.answers import (
    PERMANENT,
    REDIRECTS,
    USABLE,
    Course,
    Head,
    fetched,
    not_modified,
    read_head,
    refused_status,
    same_body,
)
from aggregator.fetch.budget import Budget, Hold
from aggregator.fetch.failures import Refused, explain
from aggregator.fetch.files import path_of, read_file
from aggregator.fetch.flights import Flights
from aggregator.fetch.guard import networks
from aggregator.fetch.headers import retry_after
from aggregator.fetch.inflate import STEP, codings, inflate
from aggregator.fetch.lanes import Lane, Lanes, Rests
from aggregator.fetch.pools import Pools
from aggregator.fetch.wire import Reply
from aggregator.model import Fetched, FetchFailed, FetchOutcome, FetchRequest, FetchSettings

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, "
    "text/xml;q=0.9, application/json;q=0.8, text/html;q=0.7, */*;q=0.5"
)
ENCODINGS = "gzip, deflate, br, zstd"
# Headers of the configuration that say nothing secret: they may go to another origin as well.
_HARMLESS = frozenset(("accept", "accept-language", "user-agent"))
# Headers that are the fetcher's own business.
_OWN = frozenset(
    (
        *("accept-encoding", "connection", "content-length", "cookie2", "expect", "host"),
        *("if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since"),
        *("keep-alive", "proxy-connection", "range", "te", "trailer", "transfer-encoding"),
        "upgrade",
    )
)
# While inflating, others get their turn after this many bytes.
_BREATHE = 4 * STEP


class HttpFetcher:
    """The Fetcher on the real network."""

    def __init__(
        self,
        settings: FetchSettings,
        clock: Clock,
        *,
        base_url: str | None = None,
        allow_files: bool = False,
        rests: Mapping[str, datetime] | None = None,
    ) -> None:
        networks(settings.allow_private)  # a mistake in the configuration shows at once
        self._settings = settings
        self._clock = clock
        self._allow_files = allow_files
        self._flights = Flights()
        self._lanes = Lanes(settings.concurrency, settings.per_host, settings.host_delay)
        self._rests = Rests()
        for host, until in (rests or {}).items():
            self._rests.set(host, until)
        self._budget = Budget(settings.max_in_flight_bytes, settings.concurrency)
        self._pools = Pools(settings)
        self._headers = {
            "User-Agent": user_agent(base_url, settings.user_agent),
            "Accept": ACCEPT,
            "Accept-Encoding": ENCODINGS,
        }

    async def fetch(self, request: FetchRequest) -> FetchOutcome:
        """See Fetcher.fetch."""
        return await self._flights.share(request, self._fetch)

    def release(self, fetched: Fetched) -> None:
        """See Fetcher.release."""
        hold = self._flights.release(fetched)
        if hold is not None:
            self._budget.free(hold)

    async def close(self) -> None:
        """See Fetcher.close."""
        await self._pools.close()

    async def _fetch(self, request: FetchRequest) -> FetchOutcome:
        """One fetch from the first hop to the last. Every failure becomes a value."""
        try:
            if path_of(request.url) is not None:
                return await self._read_file(request)
            start = addresses.read(request.url)
            return await self._follow(request, start)
        except Exception as error:  # whatever an origin does, the cycle goes on
            reason, message = explain(error)
            return FetchFailed(without_credentials(request.url), reason, message)

    async def _read_file(self, request: FetchRequest) -> FetchOutcome:
        if not self._allow_files:
            raise BadAddress("bad-scheme", "only http and https are fetched here, not files")
        outcome = await asyncio.to_thread(read_file, request, self._settings.max_body_bytes)
        if isinstance(outcome, Fetched):
            hold = Hold()
            await self._reserve(hold, len(outcome.body))
            self._flights.keep(outcome, hold)
        return outcome

    async def _follow(self, request: FetchRequest, start: Address) -> FetchOutcome:
        """Hop after hop, each in its own lane; the time in the queues does not count."""
        course = Course(start, start, True, 0)
        been = {start.text}
        left = self._settings.timeout
        loop = asyncio.get_running_loop()
        while True:
            address = course.address
            resting = self._resting(address)
            if resting is not None:
                return resting
            lane = await self._lanes.enter(address.lane, spaced=not address.is_private)
            began = loop.time()
            try:
                resting = self._resting(address)  # one before it in the lane may have been told
                if resting is not None:
                    return resting
                async with asyncio.timeout(left) as deadline:
                    answer = await self._hop(request, course, lane, deadline)
            except Exception as error:
                reason, message = explain(error)
                return FetchFailed(address.text, reason, message)
            finally:
                self._lanes.leave(address.lane, lane)
            if not isinstance(answer, Course):
                return answer
            left = max(left - (loop.time() - began), 0.001)
            course = answer
            if course.address.text in been:
                where = course.address.lane  # not the URL: its query may be a secret
                raise Refused("redirect-loop", f"redirected to an address of {where} again")
            been.add(course.address.text)
            if course.hops > self._settings.max_redirects:
                raise Refused(
                    "too-many-redirects", f"over {self._settings.max_redirects} redirects"
                )

    def _resting(self, address: Address) -> FetchFailed | None:
        """The outcome without a request, if the host asked to be left alone."""
        until = self._rests.until(address.lane, self._clock.now())
        if until is None:
            return None
        return FetchFailed(
            url=address.text,
            reason="host-rests",
            message=f"{address.lane} asked to be left alone until {until:%Y-%m-%dT%H:%M:%SZ}",
            retry_after=until,
            host_rests=True,
            host=address.lane,
        )

    async def _hop(
        self, request: FetchRequest, course: Course, lane: Lane, deadline: asyncio.Timeout
    ) -> FetchOutcome | Course:
        """Send one GET and read its answer: an outcome, or where to go on."""
        proxy = request.proxy or self._settings.proxy
        permissions = (*self._settings.allow_private, *request.allow_private)
        pool = self._pools.pool(permissions, proxy)
        if proxy is not None:
            await self._pools.check_target(course.address.host, permissions)
        response = await pool.get(
            course.address.url,
            self._request_headers(request, course),
            None if proxy is None else URL(proxy),
            lambda: self._lanes.is_busy(lane),
        )
        try:
            answer = await self._read(response, request, course, deadline)
        except BaseException:
            response.close()
            raise
        response.release()  # what was not read to its end is closed all the same
        return answer

    def _request_headers(self, request: FetchRequest, course: Course) -> dict[str, str]:
        """The headers of one hop: secrets and validators go only where they come from."""
        headers = self._headers.copy()
        address, start = course.address, course.start
        at_home = address.origin == start.origin
        if at_home and start.authorization is not None:
            headers["Authorization"] = start.authorization
        if request.headers:
            names = {name.lower(): name for name in headers}
            for name, value in request.headers:
                low = name.lower()
                if low not in _OWN and (at_home or low in _HARMLESS):
                    headers.pop(names.get(low, name), None)
                    headers[name] = value
        if address is start or address.text == request.validators_url:
            if request.etag is not None:
                headers["If-None-Match"] = request.etag
            if request.last_modified is not None:
                headers["If-Modified-Since"] = request.last_modified
        return headers

    async def _read(
        self,
        response: Reply,
        request: FetchRequest,
        course: Course,
        deadline: asyncio.Timeout,
    ) -> FetchOutcome | Course:
        """From a response's head to its outcome; the body is read only where it will be used."""
        limit = self._settings.max_header_bytes
        head = read_head(response.status, response.raw_headers, limit, response.certificate)
        now = self._clock.now()
        if head.status == 304:
            self._rests.answered(course.address.lane)
            return not_modified(head, course, request, now)
        if head.status in REDIRECTS:
            return _next(head, course)
        if head.status not in USABLE:
            return self._refused(head, course, now)
        self._rests.answered(course.address.lane)
        return await self._read_body(response, head, request, course, deadline)

    def _refused(self, head: Head, course: Course, now: datetime) -> FetchFailed:
        failed = refused_status(head, course)
        if not failed.host_rests:
            return failed
        asked = retry_after(head.fields.get(b"retry-after"), now)
        until = self._rests.refuse(course.address.lane, asked, now)
        return replace(failed, retry_after=until)

    async def _read_body(
        self,
        response: Reply,
        head: Head,
        request: FetchRequest,
        course: Course,
        deadline: asyncio.Timeout,
    ) -> FetchOutcome:
        """Read, digest and inflate a body within its caps and the budget of all bodies."""
        hold = Hold(lambda: deadline.reschedule(asyncio.get_running_loop().time()))
        try:
            self._check_length(head.fields.get(b"content-length"))
            applied = codings(head.fields.get(b"content-encoding"))
            wire = await self._read_wire(response, hold, deadline)
            digest = hashlib.sha256(wire).hexdigest()
            if digest == request.body_digest:
                self._budget.free(hold)
                return same_body(head, course, self._clock.now())
            body = await self._inflate(wire, applied, hold, deadline) if applied else wire
            outcome = fetched(head, course, body, digest, self._clock.now())
            self._budget.fits(hold, len(body))
            self._budget.finish(hold)
            self._flights.keep(outcome, hold)
            return outcome
        except BaseException as error:
            self._budget.free(hold)
            if hold.ended and isinstance(error, asyncio.CancelledError) and deadline.expired():
                raise Refused("in-flight-limit", "big and slow, while others waited") from None
            raise

    def _check_length(self, announced: str | None) -> None:
        """Refuse a body by its Content-Length alone. The parser has seen that it is a number."""
        limit = self._settings.max_wire_bytes
        if announced is not None and announced.isdigit() and int(announced) > limit:
            raise Refused("too-large", f"the body is over {limit} bytes on the wire")

    async def _read_wire(self, response: Reply, hold: Hold, deadline: asyncio.Timeout) -> bytes:
        """The body as it comes over the wire. Raises Refused, and aiohttp's errors."""
        limit = self._settings.max_wire_bytes
        pieces: list[bytes] = []
        size = 0
        content = response.content
        while piece := await content.readany():
            size += len(piece)
            if size > limit:
                raise Refused("too-large", f"the body is over {limit} bytes on the wire")
            if not self._budget.fits(hold, size):
                await self._reserve(hold, size, deadline)
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def _inflate(
        self, wire: bytes, applied: tuple[str, ...], hold: Hold, deadline: asyncio.Timeout
    ) -> bytes:
        """Inflate step by step, so that the event loop is never held for long."""
        steps = inflate(wire, applied, self._settings.max_body_bytes)
        breathed = 0
        while True:
            try:
                size = next(steps)
            except StopIteration as stop:
                body: bytes = stop.value
                return body
            if not self._budget.fits(hold, len(wire) + size):
                await self._reserve(hold, len(wire) + size, deadline)
            breathed += 1
            if breathed % (_BREATHE // STEP) == 0:
                await asyncio.sleep(0)

    async def _reserve(
        self, hold: Hold, size: int, deadline: asyncio.Timeout | None = None
    ) -> None:
        """Wait for room in the budget. The wait is not the origin's fault: it gets the time back.

        Not for ever, though: a caller that releases nothing must not stop everything.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        before = deadline.when() if deadline is not None else None
        if deadline is not None:
            deadline.reschedule(None)
        try:
            async with asyncio.timeout(2 * self._settings.timeout):
                await self._budget.grow(hold, size)
        except TimeoutError as error:
            raise Refused("in-flight-limit", "no room for the body: others hold it all") from error
        finally:
            if deadline is not None and before is not None:
                deadline.reschedule(before + loop.time() - began)


def _next(head: Head, course: Course) -> Course:
    """Where a redirect leads. Raises Refused or BadAddress."""
    location = head.fields.get(b"location")
    if not location:
        raise Refused("bad-redirect", f"a redirect ({head.status}) that names no address")
    return Course(
        start=course.start,
        address=addresses.join(course.address, location),
        permanent=course.permanent and head.status in PERMANENT,
        hops=course.hops + 1,
    )
