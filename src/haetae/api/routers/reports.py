"""Reports of what happened, as far as who asks may know."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool

from haetae.agents.assistant.records import LANGUAGES
from haetae.agents.assistant.report import ShiftReport, make_report
from haetae.agents.assistant.report_text import report_text
from haetae.api.assistant_records import SITE_WORDS
from haetae.api.dependencies import ServicesDep, ViewerDep
from haetae.api.errors import ERRORS
from haetae.api.routers.assistant_schemas import Language, ShiftRead, shift_read
from haetae.api.routers.event_schemas import Moment
from haetae.api.services import Services
from haetae.domain.viewer import Viewer

router = APIRouter(tags=["reports"], responses={status: ERRORS[status] for status in (401, 422, 429, 503)})

_SHIFT = timedelta(hours=12)


@router.get("/reports/shift")
async def shift_report(
    viewer: ViewerDep,
    services: ServicesDep,
    since: Annotated[Moment | None, Query(alias="from", description="12 hours before `to` where absent; at most 31 days before it")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="now where absent")] = None,
    language: Annotated[Language | None, Query(description="of the text; null: the caller's")] = None,
    summary: Annotated[bool, Query(description="also a model's summary, where one is configured; that takes its time")] = False,
) -> ShiftRead:
    """What happened in a shift: numbers that are all counted, the most severe events, cameras that were away; also as text."""
    chosen = language or (viewer.language if viewer.language in LANGUAGES else "en")
    report = await run_in_threadpool(_report, services, viewer, chosen, since, until)
    text = report_text(report, SITE_WORDS, chosen)
    if not summary:
        return shift_read(report, chosen, text)
    over = services.assistant.admit(viewer)
    try:
        words, reason = await services.assistant.summary(text, chosen)
    finally:
        over()
    return shift_read(report, chosen, text, words, reason)


def _report(services: Services, viewer: Viewer, language: str, since: datetime | None, until: datetime | None) -> ShiftReport:
    until = until or services.clock.now()
    return make_report(services.assistant.records(viewer, language), since or until - _SHIFT, until)
