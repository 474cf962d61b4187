"""How the refresh token gets to its owner and back: in a cookie for browsers, in the body for programs.

The cookie is HttpOnly (scripts cannot read it), SameSite=Strict (other sites cannot make the browser send it), and goes to the routes of
log-in only; over HTTPS it is Secure, and says so in its name (`__Secure-`), so that no page of plain HTTP can set it. `__Host-` would
need the path `/`, and then every request would carry the token.

SameSite alone is not enough: another port or subdomain of the same machine is the same *site*. So whatever takes the cookie, or sets it,
also wants a sign that one of our own pages asks: the header `X-Haetae-CSRF` (another origin would need CORS to allow it, which it never
does), or a `Sec-Fetch-Site` or `Origin` that says so. Programs that bring their token in the body need none of this: no browser adds a
body by itself.
"""

from fastapi import Request, Response
from starlette.datastructures import URL

from haetae.api.auth.accounts import SignedIn
from haetae.clock import Clock
from haetae.errors import Forbidden

CSRF_HEADER = "X-Haetae-CSRF"
COOKIE_PATH = "/api/v1/auth"
COOKIE = "haetae_refresh"
_MOST_CHARACTERS = 256


def no_store(response: Response) -> None:
    """A dependency for routes that answer with secrets (errors never are stored anyway)."""
    response.headers["Cache-Control"] = "no-store"


def cookie_name(request: Request) -> str:
    return f"__Secure-{COOKIE}" if _is_https(request) else COOKIE


def read_cookie(request: Request, public_url: str) -> str | None:
    """The refresh token of the cookie, None where there is none. Raises Forbidden unless one of our own pages asks."""
    if not _is_own_page(request, public_url):
        raise Forbidden("this needs a sign that a page of this site asks", hint=f"Send the header {CSRF_HEADER}: 1")
    token = request.cookies.get(cookie_name(request))
    return token if token and len(token) <= _MOST_CHARACTERS else None


def refuse_other_pages(request: Request, public_url: str) -> None:
    """Raise Forbidden where a page of another origin asks for a cookie: it could log its reader in as somebody else.

    Who sends neither `Sec-Fetch-Site` nor `Origin` is no page.
    """
    is_page = "sec-fetch-site" in request.headers or "origin" in request.headers
    if is_page and not _is_own_page(request, public_url):
        raise Forbidden("pages of other origins get no cookie here", hint='Send "cookie": false, and keep the refresh token yourself')


def set_cookie(request: Request, response: Response, signed_in: SignedIn, clock: Clock) -> None:
    response.set_cookie(
        cookie_name(request),
        signed_in.refresh_token,
        max_age=max(0, int((signed_in.refresh_expires_at - clock.now()).total_seconds())),
        path=COOKIE_PATH,
        secure=_is_https(request),
        httponly=True,
        samesite="strict",
    )


def drop_cookie(request: Request, response: Response) -> None:
    response.delete_cookie(cookie_name(request), path=COOKIE_PATH, secure=_is_https(request), httponly=True, samesite="strict")


def _is_https(request: Request) -> bool:
    """As the browser sees it; what a proxy says of it counts only where the proxy is trusted (the server has seen to that)."""
    return request.url.scheme == "https"


def _is_own_page(request: Request, public_url: str) -> bool:
    if CSRF_HEADER in request.headers:
        return True
    fetch_site = request.headers.get("sec-fetch-site")
    if fetch_site is not None:
        return fetch_site == "same-origin"
    origin = request.headers.get("origin")
    return origin is not None and origin in {_origin(request.url), _origin(URL(public_url)) if public_url else None}


def _origin(url: URL) -> str:
    return f"{url.scheme}://{url.netloc}".lower()
