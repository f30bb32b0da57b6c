"""The operators' application: its own document, its own keys, nothing of the tenants'."""

import asyncpg
from fastapi import FastAPI

from api import errors
from api.keys import KeyRing
from api.ops import (
    audits,
    console,
    erasures,
    letters,
    operators,
    overview,
    refusals,
    sessions,
    signing_in,
    tenants,
)
from api.ops.ports import OpsPorts, Provider
from domain.operators import SESSION_PREFIX, is_operator_key
from domain.sessions import is_token
from operations.auditing.runs import AuditRuns
from operations.letters.desk import Desk
from operations.processes import ProcessWatch
from runtime.settings import (
    ApiSettings,
    DatabaseSettings,
    KafkaSettings,
    LookSettings,
    OidcSettings,
    OpsSettings,
)
from storage.accounts import AccountStore
from storage.operator_views import OperatorViews
from storage.operators import OperatorStore

ROUTERS = (
    sessions.router,
    signing_in.router,
    signing_in.callback,
    overview.router,
    tenants.router,
    letters.router,
    erasures.router,
    audits.router,
    operators.router,
    console.router,  # last: its paths are all that is left
)
ABOUT = (
    "For operators, by keys of their own (`op_...`) or a sign-in of `/ops`. `x-needs-role` says "
    "which role an operation needs: viewer, operator or admin. What changes anything is recorded."
)


def create_ops(ports: OpsPorts) -> FastAPI:
    """The application over these ports."""
    app = FastAPI(
        title="Looks: operations",
        version="1.0.0",
        description=ABOUT,
        openapi_url="/ops/openapi.json",
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    app.state.ports = ports
    app.state.keys = KeyRing(ports.api, ports.operators.operator, may_be=is_operator_key)
    app.state.sessions = KeyRing(
        ports.api,
        ports.operators.signed_in,
        use=app.state.keys.use,
        may_be=lambda text: is_token(text, SESSION_PREFIX),
    )
    for router in ROUTERS:
        app.router.routes.extend(router.routes)
    errors.install(app)
    refusals.install(app)
    return app


def over(
    ops: OpsSettings, api: ApiSettings, database: DatabaseSettings, pool: asyncpg.Pool
) -> FastAPI:
    """The application of a process: over this pool, whose connections keep their sessions."""
    pepper = api.key_pepper.get_secret_value()
    oidc = OidcSettings()
    places = [one.strip() for one in ops.processes.split(",") if one.strip()]
    return create_ops(
        OpsPorts(
            operators=OperatorStore(
                pool,
                pepper,
                idle_s=api.session_idle_s,
                kept_s=api.session_kept_s,
                issuer=oidc.issuer,
            ),
            accounts=AccountStore(pool, pepper),
            views=OperatorViews(pool),
            desk=Desk.over(pool, KafkaSettings(), LookSettings()),
            watch=ProcessWatch(places),
            audits=AuditRuns(ops.database(database), ops.audit_limit_s),
            api=api,
            database=ops.database(database),
            oidc=None if oidc.issuer is None else oidc,
            provider=None if oidc.issuer is None else _provider(oidc),
        )
    )


def _provider(oidc: OidcSettings) -> Provider:
    """Its packages are needed where one is set up alone."""
    from api.ops.provider import OidcProvider  # noqa: PLC0415 (few have its packages)

    return OidcProvider(oidc)
