"""Poll: what is new in an account goes into the observed trees of its endpoints.

All that a page of a feed tells is in the store before the cursor moves on, so that a poll that
dies is made up for by the next one. Polls of one endpoint hold a lease: two of them would put
older pages over newer ones.
"""

import math
from collections.abc import Sequence

import msgspec

from syncoxiders.core.model import Endpoint, EndpointId
from syncoxiders.engine import ignorefiles
from syncoxiders.engine.interrupted import OutOfTime
from syncoxiders.engine.looks import Looks, texts
from syncoxiders.engine.pipeline import approvals, holding, setting
from syncoxiders.engine.pipeline.context import Pipeline
from syncoxiders.engine.pipeline.glance import nearest, within
from syncoxiders.engine.pipeline.hints import told
from syncoxiders.engine.pipeline.holding import Hold
from syncoxiders.engine.pipeline.messages import Merge, NotYet, Poll
from syncoxiders.engine.pipeline.times import MARGIN
from syncoxiders.engine.pipeline.waking import wake_at
from syncoxiders.engine.report import Outcome
from syncoxiders.ports.errors import ProviderError, Revoked, StateBusy, Throttled
from syncoxiders.ports.pipeline import SharedStore
from syncoxiders.ports.registry import Connected, EndpointSettings, SyncSettings
from syncoxiders.ports.state import Event, SyncRecord

PROBLEMS = 100
"""So many things that were wrong with a look are kept, for a person."""


def poll(pipeline: Pipeline, message: Poll, until: float = math.inf) -> None:
    """Look at what is new in an account, and tell the syncs that it belongs to.

    Hints are answered once every endpoint was looked at; else the sweep comes back for them. What
    does not fit into the time ``until`` goes on in another poll, where this one was. Raises NotYet
    where hints come so often that the next look has to wait.
    """
    owner, account = message.owner, message.account
    if message.folders:
        _glance(pipeline, message, until)
        return
    connected = pipeline.registry.account(owner, account)
    now = pipeline.clock.now()
    if connected is None or connected.not_before > now:
        return
    if message.after is not None:
        if connected.polled > message.after:
            _tell_again(pipeline, owner, connected)
            return
        due = pipeline.tempo.due(connected, now)
        if due > now:
            raise NotYet(due - now)
    listener = Listener(pipeline, owner, account, until)
    whole = True
    for settings in pipeline.registry.syncs(owner):
        news = False
        for endpoint in settings.endpoints:
            if endpoint.account == account:
                whole = listener.listen(settings, endpoint) and whole
                news = news or listener.news
        if news:
            once = f"poll-{account}-{pipeline.clock.now():.6f}"
            pipeline.merges.send([Merge(owner, settings.id).message(once)])
    if listener.cut_off:
        pipeline.polls.send([message.message(f"on-{pipeline.clock.now():.6f}")])
    if not whole:
        return
    if connected.trouble and not listener.trouble:
        pipeline.registry.trouble(owner, account, "")
        again = [
            Merge(owner, settings.id).message(f"back-{account}-{pipeline.clock.now():.6f}")
            for settings in pipeline.registry.syncs(owner)
            if any(each.account == account for each in settings.endpoints)
        ]
        pipeline.merges.send(again)
    now = pipeline.clock.now()
    busy = pipeline.tempo.busy(connected, now)
    later = pipeline.registry.polled(owner, account, connected.hints, now, busy)
    if later is not None:
        _tell_again(pipeline, owner, later)


def _tell_again(pipeline: Pipeline, owner: str, connected: Connected) -> None:
    """Tell of hints that came while a look answered the ones before.

    Whoever counted them may have sent a message about the latter only.
    """
    if connected.hints > connected.polled:
        pipeline.polls.send([told(owner, connected, pipeline.clock.now())])


def _glance(pipeline: Pipeline, message: Poll, until: float) -> None:
    """Look into some folders only; where that cannot be, a hint is left for the sweep."""
    owner, account, registry = message.owner, message.account, pipeline.registry
    connected = registry.account(owner, account)
    if connected is None:
        return
    registry.looking(owner, account)  # from here on a change in them is another message
    listener = Listener(pipeline, owner, account, until)
    whole = connected.not_before <= pipeline.clock.now()
    for settings in registry.syncs(owner) if whole else ():
        news = False
        for endpoint in settings.endpoints:
            paths = within(endpoint.root, message.folders)
            if endpoint.account == account and paths:
                whole = listener.listen(settings, endpoint, paths) and whole
                news = news or listener.news
        if news:
            once = f"poll-{account}-{pipeline.clock.now():.6f}"
            pipeline.merges.send([Merge(owner, settings.id).message(once)])
    if not whole:
        registry.hint(owner, account)


class Listener:
    """Looks at the endpoints of one account.

    ``news`` says whether the last one had any, ``trouble`` whether a person has to see to it,
    ``cut_off`` that there was no time for all.
    """

    def __init__(
        self, pipeline: Pipeline, owner: str, account: str, until: float = math.inf
    ) -> None:
        self._until = until
        self.cut_off = False
        self._pipeline = pipeline
        self._owner = owner
        self._account = account
        self.news = False
        self.trouble = False

    def listen(
        self, settings: SyncSettings, endpoint: EndpointSettings, paths: Sequence[str] = ()
    ) -> bool:
        """Bring an endpoint's observed tree up to date; False if that has to be tried again.

        With ``paths`` that is around them only.
        """
        self.news = False
        pipeline, now = self._pipeline, self._pipeline.clock.now
        name = f"look#{self._owner}#{settings.id}#{endpoint.id}"
        hold = holding.take(pipeline.leases, name, now, self._until - MARGIN)
        if hold is None:
            return False
        try:
            hold()
            store = pipeline.states.sync(self._owner, settings.id)
            return self._listen(settings, endpoint.id, store, hold, paths)
        except OutOfTime:
            self.news = self.cut_off = True
            return False
        except StateBusy:
            return False  # somebody else looks by now
        finally:
            hold.release()

    def _listen(
        self,
        settings: SyncSettings,
        id_: EndpointId,
        store: SharedStore,
        hold: Hold,
        paths: Sequence[str],
    ) -> bool:
        ignored = [ignorefiles.kept(each.id) for each in settings.endpoints]
        setting.read_ahead(store, settings, *texts(id_), *ignored)
        known = setting.heard(store, id_)
        if paths and (not known.looked or known.stop is not None or known.silent):
            return False  # all of it has to be looked at
        providers = self._pipeline.connect(self._owner, settings)
        try:
            provider = providers[id_]
        except ProviderError as error:
            return self._refused(error)
        heard = msgspec.structs.replace(known, traits=provider.traits, stop=None, problems=())
        traits = {
            each.id: heard.traits if each.id == id_ else setting.heard(store, each.id).traits
            for each in settings.endpoints
        }
        asked = known.stop
        approve = approvals.approved(store, asked)
        context = setting.context(
            self._pipeline, settings, store, traits=traits, providers=providers, approve=approve
        )
        roots = {id_: known.root} if known.root else {}
        outcome, said = Outcome(), list[Event]()
        looks = Looks(context, SyncRecord({}, roots=roots), outcome, said.append, hold)
        endpoint: Endpoint = context.rule.endpoint(id_)
        if looks.check_root(endpoint) and id_ not in looks.away:
            if id_ in looks.let_through:  # before it is looked at: another one may have to go on
                root = looks.roots[id_]
                heard = known = msgspec.structs.replace(heard, root=root, looked=0.0)
                setting.save_heard(store, id_, known)
            try:
                only = nearest(store, id_, provider, paths) if paths else None
            except ProviderError as error:
                return self._refused(error)
            looks.look_at(id_, only)
        look = looks.found.get(id_)
        if look is not None:
            _, complaints = looks.ignore_files.rules(at=frozenset([id_]))
            said.extend(Event("note", id_, "", each) for each in complaints)
            self.news = bool(look.changed or look.gone or not known.looked)
            if untold := looks.ignore_files.untold(id_):
                store.touch((id_, each) for each in untold)
                looks.ignore_files.tell(id_)
                self.news = True
            if not known.looked:
                heard = msgspec.structs.replace(heard, looked=self._pipeline.clock.now())
        silent = 0.0
        if id_ in looks.away and not isinstance(looks.refused.get(id_), Throttled):
            silent = known.silent or self._pipeline.clock.now()
        problems = [f"{each.path}: {each.detail}" if each.path else each.detail for each in said]
        if id_ in looks.away:
            problems.insert(0, looks.away[id_])
        stop = known.stop if id_ in looks.away else outcome.stop  # else it can be asked no more
        heard = msgspec.structs.replace(
            heard,
            root=looks.roots.get(id_, known.root),
            silent=silent,
            stop=approvals.ask(stop, asked, f"{hold.fence:x}"),
            problems=known.problems if paths else tuple(problems[:PROBLEMS]),
        )
        if heard != known:
            self.news = self.news or heard.stop != known.stop or heard.silent != known.silent
            setting.save_heard(store, id_, heard)
        if asked is not None and approve and heard.stop != asked:
            approvals.forget(store, asked)
        refused = looks.refused.get(id_) or looks.ignore_files.refused.get(id_)
        return self._refused(refused) if refused is not None else id_ not in looks.away

    def _refused(self, error: ProviderError) -> bool:
        """Note what a provider said; returns whether another try makes no sense."""
        pipeline = self._pipeline
        if isinstance(error, Throttled):
            until = pipeline.clock.now() + error.retry_after
            pipeline.registry.pause(self._owner, self._account, until)
            message = Poll(self._owner, self._account).message(f"paused-{until:.0f}")
            wake_at(pipeline, "poll", message, until)
        elif isinstance(error, Revoked):
            self.trouble = True
            pipeline.registry.trouble(self._owner, self._account, str(error))
            return True
        return False
