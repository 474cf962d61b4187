"""What is added to the prompt, by type of event, with a preview on a past event. For admins."""

from fastapi import APIRouter

from haetae.api.dependencies import ActorDep, AdminDep, ServicesDep
from haetae.api.errors import ERRORS
from haetae.api.routers.analysis_schemas import PromptInput, PromptList, PromptPreview, PromptPreviewInput, PromptRead
from haetae.domain.analysis import EventType
from haetae.errors import NotFound
from haetae.vlm.prompt import load_prompt

router = APIRouter(tags=["looking"], responses={status: ERRORS[status] for status in (401, 403, 422, 503)})


@router.get("/prompts")
def list_prompts(_admin: AdminDep, services: ServicesDep) -> PromptList:
    """Every type of event with its definition and what is added to it."""
    file = load_prompt()
    stored = {each.event_type: each for each in services.prompts.read_all()}
    items = []
    for event_type in EventType:
        own = stored.get(event_type)
        definition = file.types[event_type.value]
        added, at = (own.text, own.updated_at) if own is not None else ("", None)
        items.append(PromptRead(event_type=event_type, definition=definition, text=added, updated_at=at))
    return PromptList(prompt_id=file.id, items=items)


@router.post("/prompts/preview", responses={404: ERRORS[404]})
def preview_prompt(body: PromptPreviewInput, _admin: AdminDep, services: ServicesDep) -> PromptPreview:
    """What a model would be told of a past event with this text added. No model is asked."""
    found = services.occurrence(body.event_id)
    if found is None:
        raise NotFound(f"there is no event {body.event_id}", hint="See the list of events")
    added = {body.event_type.value: body.text} if body.event_type is not None else {}
    prompt = services.looking.preview(found.event, added)
    return PromptPreview(prompt_id=prompt.id, sha256=prompt.sha256, system=prompt.system, intro=prompt.intro, question=prompt.question)


@router.put("/prompts/{event_type}")
def change_prompt(event_type: EventType, body: PromptInput, _admin: AdminDep, actor: ActorDep, services: ServicesDep) -> PromptRead:
    """Add this where an event may be of the type."""
    stored = services.prompts.write(event_type, body.text.strip(), actor)
    definition = load_prompt().types[event_type.value]
    return PromptRead(event_type=event_type, definition=definition, text=stored.text, updated_at=stored.updated_at)


@router.delete("/prompts/{event_type}", status_code=204)
def remove_prompt(event_type: EventType, _admin: AdminDep, actor: ActorDep, services: ServicesDep) -> None:
    """Add nothing to it any more."""
    services.prompts.write(event_type, "", actor)
