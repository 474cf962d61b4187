"""Connections to a model's server: to addresses that the site's policy allows and to nothing else, with answers of bounded size."""

import asyncio
from collections.abc import AsyncIterator

import httpx2

from haetae.errors import ConfigError, SourceUnavailable
from haetae.vlm.base import Reach

MOST_ANSWER_BYTES = 1024 * 1024
CONNECT_S = 5.0


class AnswerTooLong(httpx2.HTTPError):
    """The server answers more than any answer has."""


class PinnedTransport(httpx2.AsyncBaseTransport):
    """Resolves and judges the host for each request, and connects to that very address: a name that meant something harmless when it was
    checked may mean this machine by now."""

    def __init__(self, reach: Reach, inner: httpx2.AsyncBaseTransport | None = None) -> None:
        self._reach = reach
        self._inner = inner or httpx2.AsyncHTTPTransport(trust_env=False, limits=httpx2.Limits(max_connections=16))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        host = request.url.host
        try:
            address = (await asyncio.to_thread(self._reach, host))[0]
        except (ConfigError, SourceUnavailable) as error:
            raise httpx2.ConnectError(str(error), request=request) from error
        request.headers["Host"] = request.url.netloc.decode("ascii")
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=str(address))
        response = await self._inner.handle_async_request(request)
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Bounded(response.stream)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Bounded(httpx2.AsyncByteStream):
    """Ends with an error where too much comes. What is compressed counts as it comes, and is asked not to be."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > MOST_ANSWER_BYTES:
                raise AnswerTooLong(f"the answer is longer than {MOST_ANSWER_BYTES // 1024} KiB")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def make_client(reach: Reach, timeout_s: float) -> httpx2.AsyncClient:
    """No proxy of the environment, no cookies kept, no redirects."""
    return httpx2.AsyncClient(
        transport=PinnedTransport(reach),
        timeout=httpx2.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s)),
        trust_env=False,
        follow_redirects=False,
        headers={"Accept-Encoding": "identity", "User-Agent": "Haetae"},
    )
