"""Who asks, and who may."""

from syncoxiders.api.http import Http, segment
from syncoxiders.api.shapes.people import (
    Decision,
    Deployment,
    Device,
    DeviceRequest,
    Invitation,
    Invitations,
    NewDevice,
    NewInvitation,
    NewToken,
    Program,
    Programs,
    Session,
    Ticket,
    Token,
    User,
    Users,
)


class Sessions:
    """The login that asks, and what can be known without one."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def deployment(self) -> Deployment:
        """Say what it is that is deployed; needs no login."""
        return self._http.get("/deployment", Deployment)

    def current(self) -> Session:
        """Say who asks."""
        return self._http.get("/session", Session)

    def end(self) -> None:
        """End the login that asks; its token is worth nothing from then on."""
        self._http.act("/auth/logout", again=True)

    def ticket(self) -> Ticket:
        """Return a ticket for the live updates, which works once and soon."""
        return self._http.post("/live", Ticket, again=True)


class Devices:
    """Programs that ask to act for a person (RFC 8628); see :mod:`syncoxiders.api.login`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def begin(self, name: str) -> Device:
        """Ask for a person's word; ``name`` is shown to them. Needs no login."""
        return self._http.post("/devices", Device, NewDevice(name=name))

    def get(self, user_code: str) -> DeviceRequest:
        """Say who asks under a code that a person was shown."""
        return self._http.get(f"/devices/{segment(user_code)}", DeviceRequest)

    def decide(self, user_code: str, *, allow: bool) -> None:
        """Say for the person whether it may."""
        self._http.act(f"/devices/{segment(user_code)}/decision", Decision(allow=allow))

    def token(self, device_code: str) -> Token:
        """Return the token, once the person has allowed it. Needs no login.

        Raises ApiError with the codes ``authorization-pending``, ``slow-down``, ``access-denied``
        and ``expired-token`` until then.
        """
        return self._http.post("/tokens", Token, NewToken(device_code=device_code))


class ProgramList:
    """The programs that may act for who asks."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def list(self) -> list[Program]:
        """Return all of them."""
        return self._http.get("/programs", Programs).items

    def remove(self, id_: str) -> None:
        """Have one act no longer."""
        self._http.delete(f"/programs/{segment(id_)}")


class UserList:
    """Who may use the deployment; for administrators."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def list(self) -> list[User]:
        """Return everybody."""
        return self._http.get("/users", Users).items

    def remove(self, id_: str) -> None:
        """Let a person in no longer, and forget what is theirs. No file is touched."""
        self._http.delete(f"/users/{segment(id_)}")


class InvitationList:
    """Who will be let in; for administrators."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def list(self) -> list[Invitation]:
        """Return the invitations that were not taken up."""
        return self._http.get("/invitations", Invitations).items

    def create(self, email: str, *, admin: bool = False, key: str = "") -> Invitation:
        """Invite whoever proves an address to be theirs."""
        body = NewInvitation(email=email, admin=admin)
        return self._http.create("/invitations", Invitation, body, key=key)

    def remove(self, email: str) -> None:
        """Take an invitation back."""
        self._http.delete(f"/invitations/{segment(email)}")
