"""The server of embeddings."""

import asyncio
from collections.abc import Iterator

from haetae.errors import ConfigError, EmbeddingFailed
from haetae.pipeline.doctor.finding import Finding, Site, ok, warning
from haetae.pipeline.embedding import Embeds
from haetae.pipeline.model_server import search_reach


def check_search(site: Site) -> Iterator[Finding]:
    """Without a model all is well; a server that cannot be used is a warning, for events are found by their words all the same."""
    settings = site.config.search
    if not settings.model:
        yield ok("search", "no embedding model is configured: events are found by their words")
        return
    # Only here: the libraries behind it take time to load.
    from haetae.vlm.embedding import Embedder

    where = f"{settings.model} at {settings.base_url}"
    try:
        server = Embedder(settings, search_reach(settings))
        begin = site.clock.monotonic()
        # Twice: a server may load its model for the first.
        asyncio.run(_ask(server, settings.deadline_s))
        middle = site.clock.monotonic()
        width = asyncio.run(_ask(server, settings.deadline_s))
        took_s = site.clock.monotonic() - middle
    except ConfigError as error:
        yield warning("search", error.message, error.hint)
    except TimeoutError:
        yield warning("search", f"{where}: the server does not answer in time", "Use a smaller model, or raise search.deadline_s")
    except EmbeddingFailed as error:
        yield warning("search", f"{where}: {error.message}", _fix_of(error.message))
    else:
        if took_s > settings.query_s:
            slow = f"{where} took {took_s:.1f} s for a few words, and searches wait {settings.query_s:.1f} s"
            yield warning("search", slow, "Use a smaller model, or raise search.query_s")
            return
        yield ok("search", f"{where} gives {width} numbers for a text, first in {middle - begin:.1f} s, then in {took_s:.2f} s")


async def _ask(server: Embeds, deadline_s: float) -> int:
    async with asyncio.timeout(deadline_s):
        return int((await server.embed(["a person lies on the ground"], deadline_s)).shape[1])


def _fix_of(fault: str) -> str:
    if "key" in fault:
        return "Correct search.api_key"
    if "cannot be reached" in fault or "in time" in fault:
        return "Start the server, or correct search.base_url"
    if "no such model" in fault:
        return "Correct search.model, or load it"
    return "See what the server's own log says"
