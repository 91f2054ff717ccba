"""Who is asking, and who else is let in."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from syncoxiders.api.shapes.people import (
    Invitation,
    Invitations,
    NewInvitation,
    Program,
    Programs,
    Session,
    User,
    Users,
)
from syncoxiders.cloud.accounts import clear
from syncoxiders.cloud.web.idempotency import once
from syncoxiders.cloud.web.problems import Refusal, missing
from syncoxiders.cloud.web.service import Web, new_router, nothing
from syncoxiders.cloud.web.times import known, moment
from syncoxiders.engine.desk.sessions import ends
from syncoxiders.ports.people import Invited
from syncoxiders.ports.people import User as KnownUser


def people(web: Web) -> Router:
    """Return the routes."""
    router = new_router()
    app = web.app

    @router.get("/session", operation_id="get_session", tags=["people"])
    def get_session() -> Session:
        """Say who is asking, and until when that is believed."""
        caller = web.caller
        user = app.people.user(caller.owner)
        told = _user(user) if user is not None else User(id=caller.owner, email="", admin=False)
        return Session(user=told, expires_at=moment(caller.expires), device=caller.device)

    @router.get("/programs", operation_id="list_programs", tags=["people"])
    def list_programs() -> Programs:
        """List the programs that may act for who asks."""
        return Programs(
            items=[
                Program(
                    id=each.id,
                    name=each.device,
                    since=moment(each.since),
                    expires_at=moment(ends(each)),
                )
                for each in app.sessions.programs(web.owner)
            ]
        )

    @router.delete(
        "/programs/<program>", operation_id="end_program", tags=["people"], status_code=204
    )
    def end_program(program: str) -> Response[None]:
        """Let a program act no more."""
        if program not in {each.id for each in app.sessions.programs(web.owner)}:
            raise missing("program", program)
        app.sessions.end(web.owner, program)
        return nothing()

    @router.get("/users", operation_id="list_users", tags=["people"])
    def list_users() -> Users:
        """List everybody, for administrators."""
        check_admin(web)
        return Users(items=[_user(each) for each in app.admissions.users()])

    @router.delete("/users/<user>", operation_id="remove_user", tags=["people"], status_code=204)
    def remove_user(user: str) -> Response[None]:
        """Remove a person with their accounts and syncs, for administrators; no file is touched."""
        check_admin(web)
        app.admissions.remove(user, web.owner, lambda owner: clear(app, owner))
        return nothing()

    @router.get("/invitations", operation_id="list_invitations", tags=["people"])
    def list_invitations() -> Invitations:
        """List who was invited and has not come yet, for administrators."""
        check_admin(web)
        return Invitations(items=[_invitation(each) for each in app.admissions.invitations()])

    @router.post(
        "/invitations",
        operation_id="invite",
        tags=["people"],
        status_code=201,
        middlewares=[once(web)],
    )
    def invite(invitation: NewInvitation) -> Invitation:
        """Invite somebody, for administrators; who was invited before is invited anew."""
        check_admin(web)
        return _invitation(app.admissions.invite(invitation.email, admin=invitation.admin))

    @router.delete(
        "/invitations/<email>", operation_id="uninvite", tags=["people"], status_code=204
    )
    def uninvite(email: str) -> Response[None]:
        """Take an invitation back, for administrators."""
        check_admin(web)
        app.admissions.uninvite(email)
        return nothing()

    return router


def check_admin(web: Web) -> None:
    """Make sure that an administrator asks. Raises Refusal."""
    if not web.caller.admin:
        raise Refusal(
            HTTPStatus.FORBIDDEN,
            "not-an-administrator",
            "only an administrator may do that",
            mend="ask one of this deployment's administrators",
        )


def _user(user: KnownUser) -> User:
    return User(id=user.id, email=user.email, admin=user.admin, seen_at=known(user.seen))


def _invitation(invited: Invited) -> Invitation:
    return Invitation(email=invited.email, admin=invited.admin, invited_at=moment(invited.at))
