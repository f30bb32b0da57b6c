"""Roles of processes; what Postgres keeps of a password, computed by us so that the password itself
never travels.
"""

import base64

from devstack.processes import MODULES
from storage.roles import ROLES, scram_verifier


def test_the_verifier_is_that_of_rfc_7677() -> None:
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    stored, server = (
        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=",
        "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
    )
    assert (
        scram_verifier("pencil", salt)
        == f"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==${stored}:{server}"
    )


def test_every_process_has_a_role_but_those_that_meet_no_database() -> None:
    assert {role.process for role in ROLES} - {"auditor", "operator"} == set(MODULES) - {
        "compositor",
        "lake_writer",
    }
