"""The composition root of the functions: adapters, each made when it is first needed, and once."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from syncoxiders.adapters.items.leases import ItemsLeases
from syncoxiders.adapters.items.registry import ItemsRegistry
from syncoxiders.adapters.providers import drive, dropbox, onedrive
from syncoxiders.adapters.providers.kinds import Credentials, Kind
from syncoxiders.adapters.system import SystemClock
from syncoxiders.cloud.secrets import Remembering, of_app, secret_of
from syncoxiders.cloud.settings import Settings, SettingsError, from_environment, variable
from syncoxiders.cloud.telling import Telling
from syncoxiders.engine.pipeline.hear import Door, Ear
from syncoxiders.ports.accounts import Account, Vault
from syncoxiders.ports.clock import Clock
from syncoxiders.ports.errors import AccountError, SyncError
from syncoxiders.ports.items import Items
from syncoxiders.ports.queue import Queue
from syncoxiders.ports.registry import Leases, Registry

if TYPE_CHECKING:  # what not all functions need is imported where it is made
    from syncoxiders.adapters.aws.aside import Aside
    from syncoxiders.adapters.aws.kms import Cipher
    from syncoxiders.adapters.aws.sqs import SqsQueue
    from syncoxiders.adapters.dynamo.client import Client
    from syncoxiders.cloud.providers import Connections
    from syncoxiders.engine.desk.live import Teller
    from syncoxiders.engine.desk.login import Logins
    from syncoxiders.engine.desk.people import Admissions
    from syncoxiders.engine.desk.sessions import Sessions
    from syncoxiders.engine.indexing import Indexing
    from syncoxiders.engine.pipeline.context import Pipeline
    from syncoxiders.ports.alarm import Alarms, Line
    from syncoxiders.ports.apps import Apps
    from syncoxiders.ports.index import Index, Place
    from syncoxiders.ports.live import Listeners, Speech
    from syncoxiders.ports.people import Directory, Issuer, People, Words
    from syncoxiders.ports.pipeline import SharedStates
    from syncoxiders.ports.state import BlobStore


class App:
    """What the functions work with. Tests make one of other adapters, by assignment."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()

    def prepare(self) -> None:
        """Make what every event needs; nothing is sent anywhere."""
        _ = self.registry, self.polls, self._dynamo.connection.client

    # What the functions call

    @cached_property
    def pipeline(self) -> "Pipeline":
        """What poll, merge, apply, sweep, renew and housekeeping work with."""
        from syncoxiders.engine.pipeline.context import Pipeline  # noqa: PLC0415 -- see above

        return Pipeline(
            states=self.states,
            registry=self.registry,
            leases=self.leases,
            polls=self.polls,
            merges=self.merges,
            applies=self.applies,
            clock=self.clock,
            providers=self.connections,
            alarms=self.alarms,
            blobs=self.blobs,
            index=self._index if self.settings.index else None,
        )

    def _index(self) -> "Index":
        return self.indexing.index

    @cached_property
    def indexing(self) -> "Indexing":
        """What keeping the index of all files works with. Raises SettingsError.

        That is where there is no place for it.
        """
        if self.index is None:
            raise SettingsError(f"not set: {variable('index')}")
        from syncoxiders.adapters.items.indexed import ItemsSource  # noqa: PLC0415 -- see above
        from syncoxiders.engine.indexing import Indexing  # noqa: PLC0415 -- see above

        return Indexing(
            index=self.index,
            source=ItemsSource(self.tree),
            states=self.states,
            registry=self.registry,
            leases=self.leases,
            clock=self.clock,
            trouble=_unkept,
        )

    @cached_property
    def index(self) -> "Index | None":
        """The index of all files, None where there is no place for it."""
        if not self.settings.index:
            return None
        from syncoxiders.adapters.aws.objects import S3Objects  # noqa: PLC0415 -- see above
        from syncoxiders.adapters.index.store import ObjectIndex  # noqa: PLC0415 -- see above

        objects = S3Objects(lambda: self._client("s3"), self.settings.index)
        return ObjectIndex(objects, self.clock.now)

    @cached_property
    def ear(self) -> Ear:
        """What the webhook works with."""
        doors = {
            "drive": Door(drive.verify),
            "dropbox": Door(dropbox.verify, lambda: self.lasting.get(of_app("dropbox"))),
            "onedrive": Door(onedrive.verify),
        }
        return Ear(self.registry, self.polls, self.clock, doors)

    # Tables

    @cached_property
    def tree(self) -> Items:
        """The table of nodes and entries."""
        return self._table(self.settings.table_tree)

    @cached_property
    def journal(self) -> Items:
        """The table of change logs, batches and runs."""
        return self._table(self.settings.table_journal)

    @cached_property
    def control(self) -> Items:
        """The table of accounts, syncs, channels and leases."""
        return self._table(self.settings.table_control)

    @cached_property
    def states(self) -> "SharedStates":
        """The state of all syncs."""
        from syncoxiders.adapters.items.store import ItemsStates  # noqa: PLC0415 -- see above

        return ItemsStates(self.tree, self.journal, now=self.clock.now)

    @cached_property
    def registry(self) -> Registry:
        """Accounts, syncs and channels."""
        return ItemsRegistry(self.control)

    @cached_property
    def leases(self) -> Leases:
        """Who may do what only one may do at a time."""
        return ItemsLeases(self.control, self.clock)

    # Queues

    @property
    def lines(self) -> Mapping["Line", str]:
        """The addresses of the queues, by what their messages ask for."""
        settings = self.settings
        return {
            "poll": settings.queue_poll,
            "merge": settings.queue_merge,
            "apply": settings.queue_apply,
        }

    def returns_to(self, line: "Line") -> Callable[[], "SqsQueue"]:
        """Return what finds the queue that messages are given back to."""
        return lambda: self._queue(self.lines[line])

    def aside(self, line: "Line") -> "Aside":
        """Return what was put aside of a queue. Raises StateUnavailable."""
        from syncoxiders.adapters.aws.aside import Aside  # noqa: PLC0415 -- see above

        return Aside(self._client("sqs"), self.lines[line])

    @cached_property
    def polls(self) -> Queue:
        """The queue of accounts to be looked at."""
        return self._queue(self.settings.queue_poll)

    @cached_property
    def merges(self) -> Queue:
        """The queue of syncs to be planned."""
        return self._queue(self.settings.queue_merge)

    @cached_property
    def applies(self) -> Queue:
        """The queue of batches to be done."""
        return self._queue(self.settings.queue_apply)

    @cached_property
    def alarms(self) -> "Alarms | None":
        """What sends messages later, None where there is no such thing."""
        if not (self.settings.alarms and self.settings.alarm_role):
            return None
        from syncoxiders.adapters.aws.alarms import SchedulerAlarms  # noqa: PLC0415 -- see above

        settings = self.settings
        return SchedulerAlarms(
            lambda: self._client("scheduler"), settings.alarms, settings.alarm_role, self.lines
        )

    @cached_property
    def blobs(self) -> "BlobStore | None":
        """Where texts are kept that may have to be merged, None where there is no such place."""
        if not self.settings.texts:
            return None
        from syncoxiders.adapters.aws.blobs import S3BlobStore  # noqa: PLC0415 -- see above

        return S3BlobStore(lambda: self._client("s3"), self.settings.texts, self.clock.now)

    # Live updates

    @cached_property
    def listeners(self) -> "Listeners":
        """Who has the console open."""
        from syncoxiders.adapters.items.listeners import ItemsListeners  # noqa: PLC0415 -- see above

        return ItemsListeners(self.control)

    @cached_property
    def speech(self) -> "Speech":
        """What speaks to them."""
        from syncoxiders.adapters.aws.speech import ApiSpeech, management  # noqa: PLC0415 -- above

        return ApiSpeech(management(self.settings.live))

    @cached_property
    def teller(self) -> "Teller | None":
        """What tells them that something is new, None where there are no live updates."""
        if not self.settings.live:
            return None
        from syncoxiders.engine.desk.live import Teller  # noqa: PLC0415 -- see above

        return Teller(lambda: self.listeners, lambda: self.speech, self.clock, _untold)

    def telling(self) -> Telling:
        """Return what tells, for as long as it is entered, of what is new meanwhile."""
        return Telling(self.teller)

    # People

    @cached_property
    def people(self) -> "People":
        """Who may use the deployment."""
        from syncoxiders.adapters.items.people import ItemsPeople  # noqa: PLC0415 -- see above

        return ItemsPeople(self.control)

    @cached_property
    def words(self) -> "Words":
        """What proves something, and is good for one thing for a while."""
        from syncoxiders.adapters.items.people import ItemsWords  # noqa: PLC0415 -- see above

        return ItemsWords(self.control)

    @cached_property
    def sessions(self) -> "Sessions":
        """By what browsers and programs are known."""
        from syncoxiders.engine.desk.sessions import Sessions  # noqa: PLC0415 -- see above

        def ended(owner: str, session: str) -> None:
            self.listeners.end(owner, session)  # what was opened by it is not spoken on any more

        return Sessions(self.people, self.clock, ended)

    @cached_property
    def admissions(self) -> "Admissions":
        """Who lets people in."""
        from syncoxiders.engine.desk.people import Admissions  # noqa: PLC0415 -- see above

        return Admissions(
            self.people,
            self.sessions,
            self.clock,
            administrator=self.settings.administrator,
            directory=self.directory,
        )

    @cached_property
    def logins(self) -> "Logins":
        """How people log in."""
        from syncoxiders.engine.desk.login import Logins  # noqa: PLC0415 -- see above

        return Logins(self.words, self.admissions, self.clock)

    @cached_property
    def directory(self) -> "Directory | None":
        """Where our OpenID provider has people, None where that is not ours."""
        if not self.settings.pool:
            return None
        from syncoxiders.adapters.aws.directory import CognitoDirectory  # noqa: PLC0415 -- above

        return CognitoDirectory(self._client("cognito-idp"), self.settings.pool)

    @cached_property
    def issuer(self) -> "Issuer | None":
        """The OpenID provider that lets people in, None where they come by links."""
        if not self.settings.issuer:
            return None
        from syncoxiders.adapters.oidc import OpenIdIssuer  # noqa: PLC0415 -- an HTTP client

        secret = self.lasting.get(of_app("oidc")) or ""
        return OpenIdIssuer(self.settings.issuer, self.settings.client, secret)

    # Secrets and providers

    @cached_property
    def apps(self) -> "Apps":
        """The OAuth apps that accounts are signed in through."""
        from syncoxiders.adapters.items.apps import ItemsApps  # noqa: PLC0415 -- see above

        return ItemsApps(self.control)

    @cached_property
    def vault(self) -> Vault:
        """The vault, asked each time."""
        from syncoxiders.adapters.aws.vault import ParameterVault  # noqa: PLC0415 -- see above

        settings = self.settings
        return ParameterVault(self._client("ssm"), settings.secrets, settings.key)

    @cached_property
    def lasting(self) -> Vault:
        """The vault, for secrets that change rarely."""
        return Remembering(self.vault, self.clock)

    @cached_property
    def cipher(self) -> "Cipher":
        """What hides access tokens."""
        from syncoxiders.adapters.aws.kms import Cipher  # noqa: PLC0415 -- see above

        return Cipher(self._client("kms"), self.settings.key)

    @cached_property
    def connections(self) -> "Connections":
        """Connects the endpoints of syncs."""
        from syncoxiders.cloud.providers import Connections  # noqa: PLC0415 -- see above

        patience = self.settings.patience
        return Connections(self.registry, self.credentials, self.clock, patience=patience)

    def credentials(self, owner: str, account: Account, kind: Kind) -> Credentials:
        """Return what an owner's account is opened by. Raises AccountError."""
        if not kind.opened:
            return None
        if kind.opened == "keys":
            secret = secret_of(self.lasting, owner, account.name).get()
            if secret is not None:
                return dict(secret.keys)
            if account.identity:  # it had keys: the functions' own role is not meant
                raise AccountError(
                    f"the keys of the account {account.name} are not there any more: "
                    "give them again"
                )
            return {}
        # An HTTP client and the vendor's peculiarities come only now.
        from syncoxiders.adapters import oauth  # noqa: PLC0415 -- only who needs tokens pays
        from syncoxiders.adapters.aws.tokens import AccessItems, leased  # noqa: PLC0415 -- only who needs tokens pays

        return leased(
            account,
            oauth.vendor(account),
            owner=owner,
            vault=secret_of(self.vault, owner, account.name),
            items=AccessItems(self.control, self.cipher, owner, account),
            leases=self.leases,
            clock=self.clock,
        )

    def _table(self, name: str) -> Items:
        from syncoxiders.adapters.dynamo.items import DynamoItems  # noqa: PLC0415 -- see above

        items = DynamoItems(self._dynamo, name)
        if self.teller is None:
            return items
        from syncoxiders.adapters.items.telling import TellingItems  # noqa: PLC0415 -- see above

        return TellingItems(items, self.teller.note)

    @cached_property
    def _dynamo(self) -> "Client":
        from syncoxiders.adapters.dynamo.client import Client, Connect  # noqa: PLC0415 -- above

        return Client(Connect())

    def _queue(self, url: str) -> "SqsQueue":
        from syncoxiders.adapters.aws.sqs import SqsQueue  # noqa: PLC0415 -- see above

        return SqsQueue(self._client("sqs"), url)

    @staticmethod
    def _client(service: str) -> Any:
        from syncoxiders.adapters.aws.clients import client  # noqa: PLC0415 -- see above

        return client(service)


def _untold(error: SyncError) -> None:
    from syncoxiders.cloud.handling import logger, told  # noqa: PLC0415 -- only functions log

    logger.warning("what is new was not told", extra=told(error))


def _unkept(place: "Place", error: SyncError) -> None:
    from syncoxiders.cloud.handling import logger, told  # noqa: PLC0415 -- only functions log

    about = {"owner": place.owner, "sync": place.sync, "endpoint": place.endpoint}
    logger.warning("an index could not be built or merged", extra={**about, **told(error)})


def prepare() -> None:
    """Make ready, where Lambda starts a function: until the first event it has a processor whole.

    Afterwards it has what its memory's size pays for, and a push waits. What is wrong with the
    settings is told by the first event.
    """
    if "AWS_LAMBDA_INITIALIZATION_TYPE" in os.environ:
        with suppress(SyncError):
            app().prepare()


@lru_cache(maxsize=1)
def app() -> App:
    """Return this process's app, by its environment. Raises SettingsError."""
    return made(os.environ)


def made(environment: Mapping[str, str]) -> App:
    """Return an app by an environment. Raises SettingsError."""
    return App(from_environment(environment))
