"""What a look must be before it is charged, and `POST /v1/look/validate`, which only asks.

`POST /v1/look` itself is served by `api.create_look`.
"""

from fastapi import APIRouter, Request

from api import examples
from api.answers import gives, takes
from api.checking import check
from api.gates import GatedRoute, credential_of
from api.inline_photos import photos_sent
from api.ports import Ports
from api.refusals import CREATING, but
from schemas.http import LookRequest
from schemas.reads import LookValidation

router = APIRouter(route_class=GatedRoute, tags=["looks"])


@router.post(
    "/v1/look/validate",
    response_model=LookValidation,
    responses=but(CREATING, 402, 409)
    | gives(
        200,
        {
            "credits_cost": 10,
            "balance": 120,
            "sufficient": True,
            "warnings": ["unknown option 'glitter' was ignored"],
        },
    ),
    openapi_extra=takes(examples.LOOK),
    operation_id="validate_look",
    summary="Check and price a look without charging it",
)
async def validate_look(request: Request, body: LookRequest) -> LookValidation:
    """The checks of `POST /v1/look` over the same body. Whether the photos exist is seen only when
    a look is made.
    """
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    warnings = check(body, await request.json(), who, ports)
    await photos_sent(body)
    balance = await ports.accounts.balance(who.tenant_id, who.environment)
    cost = ports.look.credits_cost
    return LookValidation(
        credits_cost=cost, balance=balance, sufficient=balance >= cost, warnings=list(warnings)
    )
