"""What a person may choose when deploying: the CDK's context, read once into a typed model.

``npx cdk deploy -c email=me@example.org -c budget=5`` sets some of them, the "context" of
``cdk.json`` sets them for good.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

from constructs import Node

from infra.places import BUILT, BUILT_LOCAL


@dataclass(frozen=True)
class Settings:
    """The settings of one deployment; the defaults fit a new AWS account.

    ``email`` is told of alarms. ``budget`` is in US dollars a month, 0 is none. ``buckets`` are S3
    buckets of this AWS account that may be endpoints without a key: the functions are granted
    access, and their events are listened to. ``apply`` is how many invocations carry files at once.
    ``admin`` is the address of the first administrator. People are let in by a Cognito user pool,
    or by the OpenID provider ``issuer``, where we are known as ``client``. ``stack`` is what the
    stack is called. With ``disposable`` nothing outlives it, and nothing protects it: for trying.
    ``local`` is for an emulator on this machine: layers are those of this machine, and it is
    disposable. ``built`` is where the archives of the code are.
    """

    email: str = ""
    budget: float = 0.0
    buckets: tuple[str, ...] = ()
    apply: int = 3
    admin: str = ""
    issuer: str = ""
    client: str = ""
    mfa: Literal["optional", "required"] = "optional"
    log_level: str = "INFO"
    stack: str = "SyncOxiders"
    disposable: bool = False
    local: bool = False
    built: Path = field(default=BUILT)

    @classmethod
    def of(cls, node: Node) -> Self:
        """Read the context of an app; what it does not name has its default."""

        def text(name: str) -> str:
            value = node.try_get_context(name)
            return "" if value is None else str(value).strip()

        def yes(name: str) -> bool:
            return text(name).lower() in ("1", "true", "yes")

        default = cls()
        local = yes("local")
        try:
            settings = cls(
                email=text("email"),
                budget=float(text("budget") or default.budget),
                buckets=tuple(name.strip() for name in text("buckets").split(",") if name.strip()),
                apply=int(text("apply") or default.apply),
                admin=text("admin").lower(),
                issuer=text("issuer").rstrip("/"),
                client=text("client"),
                mfa=_mfa(text("mfa")),
                log_level=text("log_level").upper() or default.log_level,
                stack=text("stack") or default.stack,
                disposable=local or yes("disposable"),
                local=local,
                built=Path(text("built") or (BUILT_LOCAL if local else BUILT)),
            )
        except ValueError as exc:
            raise SystemExit(f"A setting of the deployment is not a number: {exc}") from exc
        if settings.apply < FEWEST:
            raise SystemExit(f"-c apply={settings.apply}: Lambda's event sources need at least 2.")
        if settings.budget and not settings.email:
            raise SystemExit("-c budget=… mails somebody: give -c email=…, too.")
        if bool(settings.issuer) != bool(settings.client):
            raise SystemExit("-c issuer=… and -c client=… belong together: give both, or neither.")
        if settings.issuer and not settings.issuer.startswith("https://"):
            raise SystemExit(f"-c issuer={settings.issuer}: it has to begin with https://.")
        if settings.admin and not _ADDRESS.fullmatch(settings.admin):
            raise SystemExit(f"-c admin={settings.admin}: that is no e-mail address.")
        return settings


def _mfa(asked: str) -> Literal["optional", "required"]:
    if asked not in {"", "optional", "required"}:
        raise SystemExit(f"-c mfa={asked}: it is optional or required.")
    return "required" if asked == "required" else "optional"


_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

FEWEST = 2
"""The least MaximumConcurrency that Lambda takes.

https://docs.aws.amazon.com/lambda/latest/api/API_ScalingConfig.html
"""
