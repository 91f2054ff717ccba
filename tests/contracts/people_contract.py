"""The contract of the ports to people, words and OAuth apps, which every adapter passes.

A test module imports everything from here and adds fixtures ``people``, ``words`` and ``apps``, all
of them empty.
"""

from concurrent.futures import ThreadPoolExecutor

from msgspec import structs

from syncoxiders.ports.apps import Apps, ProviderApp
from syncoxiders.ports.people import Invited, People, Session, User, Words

__all__ = ["TestApps", "TestInvitations", "TestSessions", "TestUsers", "TestWords"]

NOW = 1_700_000_000.0
ANN = User("u1", "ann@example.com", admin=True, since=NOW)


class TestUsers:
    def test_kept(self, people: People) -> None:
        """A user is as they were added, and listed; who is there already stays as they are."""
        assert people.user("u1") is None
        assert people.add_user(ANN)
        assert not people.add_user(User("u1", "eve@example.com"))
        assert people.add_user(User("u2"))
        assert people.users() == [ANN, User("u2")]
        assert people.user("u1") == ANN

    def test_noted(self, people: People) -> None:
        """What is noted of a user leaves all else alone, and makes nobody."""
        people.add_user(ANN)
        people.saw("u1", NOW + 5)
        people.leave("u1")
        people.rename_user(User("u1", "ann@new.example"))
        people.saw("u1", NOW + 6)
        noted = structs.replace(ANN, email="ann@new.example", seen=NOW + 6, leaving=True)
        assert people.user("u1") == noted
        people.saw("u2", NOW)
        people.leave("u2")
        people.rename_user(User("u2", "x@example.com"))
        assert people.user("u2") is None

    def test_known_as(self, people: People) -> None:
        """Whom an issuer calls so is found by that, and by nothing that looks alike."""
        people.add_user(ANN)
        people.call("https://i", "s", "u1")
        assert people.known_as("https://i", "s") == "u1"
        for issuer, subject in (("https://i", "S"), ("https://is", ""), ("https://", "is")):
            assert people.known_as(issuer, subject) is None

    def test_removed(self, people: People) -> None:
        """Who is removed is not known by any name; others are."""
        for each in (ANN, User("u2")):
            people.add_user(each)
            people.call("https://i", each.id, each.id)
            people.call("https://j", each.id, each.id)
        people.remove_user("u1")
        people.remove_user("u1")
        assert people.users() == [User("u2")]
        assert people.known_as("https://i", "u1") is people.known_as("https://j", "u1") is None
        assert people.known_as("https://i", "u2") == "u2"


class TestInvitations:
    def test_kept(self, people: People) -> None:
        """An invitation replaces an earlier one, and is gone once it is taken back."""
        people.put_invitation(Invited("b@example.com", at=NOW))
        people.put_invitation(Invited("a@example.com", at=NOW))
        again = Invited("a@example.com", admin=True, at=NOW + 1)
        people.put_invitation(again)
        assert people.invitations() == [again, Invited("b@example.com", at=NOW)]
        assert people.invitation("a@example.com") == again
        assert people.remove_invitation("a@example.com")
        assert not people.remove_invitation("a@example.com")
        assert people.invitation("a@example.com") is None


class TestSessions:
    def test_kept(self, people: People) -> None:
        """A session is found by its digest, and listed for its user with it."""
        browser = Session("s1", "u1", since=NOW, used=NOW + 0.5)
        program = Session("s2", "u1", "a program", since=NOW, used=NOW)
        people.put_session("d1", browser, NOW + 60)
        people.put_session("d2", program, NOW + 60)
        people.put_session("d3", Session("s1", "u2", since=NOW, used=NOW), NOW + 60)
        assert people.session("d1") == browser
        assert people.session("d2") == program
        assert people.session("d9") is None
        assert sorted(people.sessions("u1")) == [("d1", browser), ("d2", program)]

    def test_used(self, people: People) -> None:
        """When it was used is kept; one that has been ended does not come back by that."""
        session = Session("s1", "u1", since=NOW, used=NOW)
        people.put_session("d1", session, NOW + 60)
        used = structs.replace(session, used=NOW + 5)
        assert people.used("d1", used, NOW + 65)
        assert people.session("d1") == used
        assert people.remove_session("u1", "s1")
        assert not people.used("d1", used, NOW + 65)
        assert people.session("d1") is None
        assert people.sessions("u1") == []

    def test_ended(self, people: People) -> None:
        """A session is ended by its id, and by its user only."""
        people.put_session("d1", Session("s1", "u1"), NOW + 60)
        assert not people.remove_session("u2", "s1")
        assert not people.remove_session("u1", "s2")
        assert people.session("d1") is not None
        assert people.remove_session("u1", "s1")
        assert not people.remove_session("u1", "s1")


class TestWords:
    def test_once(self, words: Words) -> None:
        """A word is good until its time is over, and once, whoever brings it."""
        for data in ("", "about"):
            assert words.put("kind", f"d{data}", data, NOW + 60)
            assert words.look("kind", f"d{data}", NOW) == data
            with ThreadPoolExecutor(4) as pool:
                taken = list(
                    pool.map(lambda _, data=data: words.take("kind", f"d{data}", NOW), range(4))
                )
            assert sorted(taken, key=str) == sorted([data, None, None, None], key=str)
            assert words.look("kind", f"d{data}", NOW) is None

    def test_over(self, words: Words) -> None:
        """Until its time it is good, and from then on it is not."""
        words.put("kind", "d", "about", NOW + 60.5)
        assert words.look("kind", "d", NOW + 60.4) == "about"
        assert words.look("kind", "d", NOW + 60.5) is None
        assert words.take("kind", "d", NOW + 60.5) is None
        assert words.take("kind", "d", NOW) == "about"

    def test_kinds(self, words: Words) -> None:
        """A word is of one kind, and of one thing: what is there is not replaced."""
        assert words.put("kind", "d", "about", NOW + 60)
        assert not words.put("kind", "d", "other", NOW + 60)
        assert words.look("other", "d", NOW) is None
        assert words.put("other", "d", "else", NOW + 60)
        words.drop("kind", "d")
        words.drop("kind", "d")
        assert words.look("kind", "d", NOW) is None
        assert words.look("other", "d", NOW) == "else"

    def test_swapped(self, words: Words) -> None:
        """What a word is about is replaced by who knows what it was; one that is gone stays so."""
        words.put("kind", "d", "one", NOW + 60)
        assert words.swap("kind", "d", "one", "two")
        assert not words.swap("kind", "d", "one", "three")
        assert words.look("kind", "d", NOW) == "two"
        words.drop("kind", "d")
        assert not words.swap("kind", "d", "two", "three")
        assert words.look("kind", "d", NOW) is None

    def test_counted(self, words: Words) -> None:
        """Whoever counts is counted, all at once or one after the other."""
        assert words.counted("tries#1") == 0
        with ThreadPoolExecutor(4) as pool:
            counts = list(pool.map(lambda _: words.count("tries#1", NOW + 60), range(8)))
        assert sorted(counts) == list(range(1, 9))
        assert words.counted("tries#1") == 8
        assert words.counted("tries#2") == 0


class TestApps:
    def test_kept(self, apps: Apps) -> None:
        """An app is there for its kind until it is forgotten."""
        assert apps.get("drive") is None
        apps.put(ProviderApp("drive", "id-0"))
        drive = ProviderApp("drive", "id-1", "http://127.0.0.1:1")
        apps.put(drive)
        apps.put(ProviderApp("dropbox", "id-2"))
        assert apps.get("drive") == drive
        assert apps.all() == {"drive": drive, "dropbox": ProviderApp("dropbox", "id-2")}
        apps.remove("drive")
        apps.remove("drive")
        assert apps.all() == {"dropbox": ProviderApp("dropbox", "id-2")}
