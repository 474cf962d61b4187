"""The model that looks at events."""

from collections.abc import Iterator

from haetae.pipeline.doctor.finding import Finding, Site, ok, warning
from haetae.pipeline.model_server import vlm_reach
from haetae.vlm.presets import server_of

_SLOW_S = 30.0


def check_model(site: Site) -> Iterator[Finding]:
    """Without a model all is well; one that cannot be used is a warning, for events are stored, told and described all the same."""
    settings = site.config.vlm
    if settings.backend == "evidence":
        yield ok("looking", "no model is configured: events are described by what was measured")
        return
    if settings.backend != "openai":
        yield ok("looking", f"the analyzer {settings.backend!r} is not Haetae's own: it was not tried")
        return
    server = server_of(settings)
    # Only here: the libraries behind it take two seconds to load.
    from haetae.vlm.probe import Schema, probe

    found = probe(settings, vlm_reach(settings))
    where = f"{server.model} at {server.base_url}"
    if found.fault:
        yield warning("looking", f"{where}: {found.fault}", _fix_of(found.fault))
    elif found.knows_model is False:
        names = ", ".join((found.models or ())[:8]) or "none"
        missing = f"{server.base_url} does not list the model {server.model!r}; it has: {names}"
        yield warning("looking", missing, "Correct vlm.model, or load it")
    elif not found.sees:
        yield warning("looking", f"{where} does not see pictures: asked for a colour it said {found.raw[:80]!r}", "Use a vision model")
    elif found.schema is Schema.IGNORED:
        fix = "Expect answers that are none; try another server or a larger model"
        yield warning("looking", f"{where} sees pictures and ignores the form that is asked for", fix)
    elif found.latency_s > _SLOW_S:
        yield warning(
            "looking", f"{where} took {found.latency_s:.0f} s for one picture", "Use a smaller model, or fewer pictures (vlm.frames)"
        )
    else:
        yield ok("looking", f"{where} sees pictures, schema {found.schema.value}, {found.latency_s:.1f} s for one picture")


def _fix_of(fault: str) -> str:
    if "key" in fault or "401" in fault or "403" in fault:
        return "Correct vlm.api_key"
    if "cannot be reached" in fault or "does not answer" in fault:
        return "Start the server, or correct vlm.base_url"
    return "See what the server's own log says; try: haetae vlm probe"
