"""The page behind an approval's link, and what it sends: no script, nothing but what is asked, and a form."""

from dataclasses import dataclass
from html import escape
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import Depends, Request, Response

from haetae.database.scoped.approvals import ApprovalView
from haetae.errors import ConfigError
from haetae.notifications.words import ACTIONS, LANGUAGES, word_of

_MOST_BYTES = 4096
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_STYLE = "body{font:16px/1.5 sans-serif;max-width:34em;margin:2em auto;padding:0 1em}button{font:inherit;padding:.5em 1.2em}"
_TEXTS = {
    "en": {
        "ask": "May this be done?",
        "camera": "Camera",
        "until": "Until",
        "reason": "Why",
        "words": "Words",
        "code": "Code of the message",
        "yes": "Approve",
        "no": "Reject",
        "closed": "There is nothing to decide here any more.",
        "approved": "You approved.",
        "rejected": "You said no: it is not done.",
    },
    "ko": {
        "ask": "이 조치를 해도 될까요?",
        "camera": "카메라",
        "until": "기한",
        "reason": "이유",
        "words": "전할 말",
        "code": "메시지의 확인 코드",
        "yes": "승인",
        "no": "거절",
        "closed": "더 이상 결정할 것이 없습니다.",
        "approved": "승인했습니다.",
        "rejected": "거절했습니다. 조치를 하지 않습니다.",
    },
}
FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["code", "decision"],
                    "properties": {
                        "code": {"type": "string", "maxLength": 32},
                        "decision": {"type": "string", "enum": ["approve", "reject"]},
                        "note": {"type": "string", "maxLength": 500},
                    },
                }
            }
        },
    }
}
"""What the form sends, for the schema."""


@dataclass(frozen=True, slots=True)
class LinkAnswer:
    """What somebody typed and pressed."""

    code: str
    approve: bool
    note: str


async def _read_form(request: Request) -> LinkAnswer:
    """Raises ConfigError for anything but the form of the page."""
    data = await request.body()
    try:
        if len(data) > _MOST_BYTES:
            raise ValueError
        fields = parse_qs(data.decode(), strict_parsing=True, max_num_fields=8, keep_blank_values=True)
        code, decision, note = (fields.get(name, [""])[0] for name in ("code", "decision", "note"))
    except (ValueError, UnicodeDecodeError):
        code = decision = note = ""
    if not code or len(code) > 32 or decision not in ("approve", "reject") or len(note) > 500:
        raise ConfigError("the form wants a code and a decision", hint="Open the link of the message again")
    return LinkAnswer(code, decision == "approve", note)


LinkForm = Annotated[LinkAnswer, Depends(_read_form)]


def approval_page(view: ApprovalView, language: str) -> Response:
    """What is asked, and the form where it can be decided."""
    texts, language = _texts(language)
    action = view.approval.action
    rows = [
        (texts["camera"], view.camera_name or ""),
        (texts["words"], action.planned.text),
        (texts["reason"], action.planned.reason),
        (texts["until"], f"{view.approval.expires_at:%Y-%m-%d %H:%M:%S} UTC"),
    ]
    what = word_of(ACTIONS, language, action.kind.value)
    target = f" ({action.planned.target})" if action.planned.target else ""
    body = f"<h1>{escape(texts['ask'])}</h1><p><b>{escape(what + target)}</b></p>"
    body += "".join(f"<p>{escape(name)}: {escape(value)}</p>" for name, value in rows if value)
    if not view.may_decide:
        return _page(body + f"<p>{escape(texts['closed'])}</p>", language)
    form = (
        f'<form method="post"><p><label>{escape(texts["code"])} <input name="code" maxlength="32" required autocomplete="off"></label></p>'
        f'<button name="decision" value="approve">{escape(texts["yes"])}</button>'
        f'<button name="decision" value="reject">{escape(texts["no"])}</button></form>'
    )
    return _page(body + form, language)


def done_page(language: str, *, approve: bool) -> Response:
    """What was decided."""
    texts, language = _texts(language)
    return _page(f"<p>{escape(texts['approved' if approve else 'rejected'])}</p>", language)


def _texts(language: str) -> tuple[dict[str, str], str]:
    language = language if language in LANGUAGES else "en"
    return _TEXTS[language], language


def _page(body: str, language: str) -> Response:
    page = (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Haetae</title><style>{_STYLE}</style>{body}</html>"
    )
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)
