"""Access by tracking code, beside the roles that the chassis knows."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from typing_extensions import override

from chassis.auth import Access, Principal
from chassis.errors import NotAuthenticated
from contracts.ids import Actor

_SCHEME = "loket-code"
_CODE_MAX = 40


@dataclass(frozen=True)
class ByCode(Access):
    """Lets callers through who show `Authorization: Loket-Code <code>`, or a token with a role."""

    @override
    async def __call__(self, request: Request) -> Principal:
        """The caller; the code itself is left in `request.state.code`."""
        scheme, _, code = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == _SCHEME:
            principal = Principal(Actor("public"))
            request.state.principal, request.state.code = principal, code.strip()[:_CODE_MAX]
            return principal
        if not self.roles:
            raise NotAuthenticated("send `Authorization: Loket-Code <code>`")
        request.state.code = None
        return await Access.__call__(self, request)


BY_CODE = ByCode(frozenset())
"""For whoever shows a code; whether it is right, and of which application, the endpoint finds."""

WATCHERS = ByCode(frozenset({"operator", "officer"}))
"""For whoever shows a code, and for offices."""


async def _shown_code(request: Request) -> str:
    code: str = request.state.code
    return code


ShownCode = Annotated[str, Depends(_shown_code)]
"""The type of a parameter that wants the code that was shown, right or wrong."""
