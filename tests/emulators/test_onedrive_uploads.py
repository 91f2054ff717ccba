"""The OneDrive emulator's upload sessions keep the rules of Microsoft's documentation."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulators import onedrive
from tests.emulators.onedrive import sessions, writing
from tests.emulators.onedrive.client import JSON, Client, serving
from tests.emulators.onedrive.sessions import MULTIPLE

DATA = bytes(range(256)) * (MULTIPLE // 256) * 2 + b"the end"


@pytest.fixture(params=["personal", "business"])
def c(request: pytest.FixtureRequest) -> Iterator[Client]:
    with serving(onedrive.create(request.param)) as client:
        yield client


@pytest.fixture
def personal() -> Iterator[Client]:
    with serving(onedrive.create("personal")) as client:
        yield client


@pytest.fixture
def business() -> Iterator[Client]:
    with serving(onedrive.create("business")) as client:
        yield client


def begin(
    c: Client, path: str = "/root:/file:", expect: int = 200, *, body: Any = None, **options: Any
) -> str:
    answer = c("POST", f"{path}/createUploadSession", expect, json=body or {}, **options)
    return str(answer.json().get("uploadUrl", ""))


def send(
    c: Client,
    url: str,
    start: int,
    end: int,
    expect: int,
    *,
    total: int = len(DATA),
    **options: Any,
) -> JSON:
    headers = {"Content-Range": f"bytes {start}-{end - 1}/{total}", **options.pop("headers", {})}
    answer = c.bare("PUT", url, expect, content=DATA[start:end], headers=headers)
    found: JSON = answer.json()
    return found


def send_all(c: Client, url: str, expect: int = 201) -> JSON:
    send(c, url, 0, MULTIPLE, 202)
    send(c, url, MULTIPLE, 2 * MULTIPLE, 202)
    return send(c, url, 2 * MULTIPLE, len(DATA), expect)


def test_ranges(c: Client) -> None:
    """Ranges come in order; each answer says what is expected next, the last one is the item."""
    item = {"fileSystemInfo": {"lastModifiedDateTime": "2020-01-02T03:04:05Z"}}
    answer = c("POST", "/root:/file:/createUploadSession", json={"item": item}).json()
    assert answer["nextExpectedRanges"] == ["0-"]
    assert answer["expirationDateTime"] > "2026"
    url = answer["uploadUrl"]
    assert send(c, url, 0, MULTIPLE, 202)["nextExpectedRanges"] == [f"{MULTIPLE}-"]
    c.refused("GET", "/root:/file", 404, "itemNotFound")
    assert c.bare("GET", url).json()["nextExpectedRanges"] == [f"{MULTIPLE}-"]
    send(c, url, MULTIPLE, 2 * MULTIPLE, 202)
    made = send(c, url, 2 * MULTIPLE, len(DATA), 201)
    assert made["size"] == len(DATA)
    assert made["fileSystemInfo"]["lastModifiedDateTime"] == "2020-01-02T03:04:05Z"
    assert c.bare("GET", made["@microsoft.graph.downloadUrl"]).content == DATA
    error = c.bare("GET", url, 404).json()["error"]
    assert error["innerError"]["code"] == "uploadSessionNotFound"


def test_wrong_ranges(c: Client) -> None:
    """A range that is there already, or that leaves a gap, is 416; the session goes on."""
    url = begin(c)
    send(c, url, 0, MULTIPLE, 202)
    error = send(c, url, 0, MULTIPLE, 416)["error"]
    assert (error["code"], error["innerError"]["code"]) == ("invalidRange", "fragmentOverlap")
    error = send(c, url, 2 * MULTIPLE, len(DATA), 416)["error"]
    assert error["innerError"]["code"] == "fragmentOutOfOrder"
    assert c.bare("GET", url).json()["nextExpectedRanges"] == [f"{MULTIPLE}-"]
    send(c, url, MULTIPLE, 2 * MULTIPLE, 202)
    send(c, url, 2 * MULTIPLE, len(DATA), 201)


def test_range_header(c: Client) -> None:
    """The range has to be told, to agree with the bytes, and with the size told before."""
    url = begin(c)
    assert c.bare("PUT", url, 400, content=DATA).json()["error"]["code"] == "invalidRequest"
    headers = {"Content-Range": f"bytes 0-{MULTIPLE}/{len(DATA)}"}
    c.bare("PUT", url, 400, content=DATA[:MULTIPLE], headers=headers)
    send(c, url, 0, MULTIPLE, 202)
    error = send(c, url, MULTIPLE, 2 * MULTIPLE, 400, total=len(DATA) + 1)["error"]
    assert error["innerError"]["code"] == "fragmentLengthMismatch"


def test_multiples_of_320_kib(c: Client) -> None:
    """Ranges that are no multiples are taken, and make the upload fail at its end."""
    url = begin(c)
    send(c, url, 0, MULTIPLE - 1, 202)
    send(c, url, MULTIPLE - 1, 2 * MULTIPLE - 1, 202)
    error = send(c, url, 2 * MULTIPLE - 1, len(DATA), 400)["error"]
    assert error["innerError"]["code"] == "uploadSessionFailed"
    c.refused("GET", "/root:/file", 404, "itemNotFound")


def test_longest_range(c: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A range has less than 60 MiB."""
    assert sessions.BELOW == 60 << 20
    monkeypatch.setattr(sessions, "BELOW", MULTIPLE + 1)
    url = begin(c)
    send(c, url, 0, MULTIPLE, 202)
    send(c, url, MULTIPLE, len(DATA), 413)
    assert c.bare("GET", url).json()["nextExpectedRanges"] == [f"{MULTIPLE}-"]


def test_no_authorization(c: Client) -> None:
    """The ranges carry no token: with one they are 401."""
    url = begin(c)
    headers = {"Authorization": f"Bearer {c.emulator.token}"}
    send(c, url, 0, MULTIPLE, 401, headers=headers)
    send_all(c, url)


def test_needs_a_token_to_begin(c: Client) -> None:
    """Opening a session takes a token."""
    c.bare("POST", "/v1.0/me/drive/root:/file:/createUploadSession", 401, json={})


def test_cancel(c: Client) -> None:
    """A session that was cancelled is no more."""
    url = begin(c)
    send(c, url, 0, MULTIPLE, 202)
    c.bare("DELETE", url, 204)
    c.bare("GET", url, 404)
    send(c, url, MULTIPLE, 2 * MULTIPLE, 404)
    assert c.emulator.sessions.count == 0


def test_expires(c: Client) -> None:
    """A session ends by itself."""
    url = begin(c)
    c.emulator.ahead += c.emulator.quirks.session_lifetime + 1
    send(c, url, 0, MULTIPLE, 404)


def test_dropped_range(c: Client) -> None:
    """Of a range whose answer was lost, the state tells that it arrived."""
    url = begin(c)
    c.emulator.faults.add("drop-after", method="PUT", path="/_upload/")
    with pytest.raises(Exception, match="disconnected"):
        send(c, url, 0, MULTIPLE, 202)
    assert c.bare("GET", url).json()["nextExpectedRanges"] == [f"{MULTIPLE}-"]


@pytest.mark.parametrize(
    ("behaviour", "expect"), [("fail", 409), ("replace", 200), ("rename", 201)]
)
def test_conflict(c: Client, behaviour: str, expect: int) -> None:
    """A taken name is refused, replaced or avoided, as the session was told."""
    before = c.put("file", b"standing")
    body = {"item": {"@microsoft.graph.conflictBehavior": behaviour}}
    if expect == 409:
        c.refused("POST", "/root:/file:/createUploadSession", 409, "nameAlreadyExists", json=body)
        return
    made = send_all(c, begin(c, body=body), expect)
    assert (made["id"] == before["id"]) == (behaviour == "replace")
    assert made["name"] == ("file" if behaviour == "replace" else "file 1")


def test_conflict_by_default(c: Client) -> None:
    """What a session does that was not told is up to the service."""
    c.put("file", b"standing")
    send_all(c, begin(c), 200)
    c.emulator.quirks.session_conflict = "fail"
    begin(c, expect=409)


def test_late_conflict_keeps_the_session(c: Client) -> None:
    """A name that was taken meanwhile is 409 at the end; another name completes the session."""
    url = begin(c, body={"item": {"@microsoft.graph.conflictBehavior": "fail"}})
    send(c, url, 0, MULTIPLE, 202)
    send(c, url, MULTIPLE, 2 * MULTIPLE, 202)
    c.put("file", b"newcomer")
    error = send(c, url, 2 * MULTIPLE, len(DATA), 409)["error"]
    assert error["code"] == "nameAlreadyExists"
    assert c.bare("GET", url).json()["nextExpectedRanges"] == []
    body = {
        "name": "file",
        "@microsoft.graph.conflictBehavior": "rename",
        "@microsoft.graph.sourceUrl": url,
    }
    made = c("PUT", "/root", 201, json=body).json()
    assert (made["name"], made["size"]) == ("file 1", len(DATA))
    assert c.get("/root:/file")["size"] == 8
    c.bare("GET", url, 404)


def test_completing_by_hand(c: Client) -> None:
    """Only a whole session can be completed, and only in a folder; it stays until it was."""
    url = begin(c, "/root:/folder/file:", body={"deferCommit": True})
    body = {"name": "file", "@microsoft.graph.sourceUrl": url}
    error = c.refused("PUT", "/root:/folder", 400, "invalidRequest", json=body)
    assert error["innerError"]["code"] == "uploadSessionIncomplete"
    send_all(c, url, 202)
    c.put("other", b"")
    c.refused("PUT", "/root:/other", 400, "invalidRequest", json=body)
    c("DELETE", "/root:/folder", 204)
    c.refused("PUT", "/root:/folder", 404, "itemNotFound", json=body)
    headers = {"If-Match": '"another"'}
    c.refused("PUT", "/root", 412, "resourceModified", json=body, headers=headers)
    c("PUT", "/root", 201, json=body)
    assert c.get("/root:/file")["size"] == len(DATA)


def test_the_folder_is_gone_meanwhile(c: Client) -> None:
    """A session for a folder that was deleted ends in 404."""
    url = begin(c, "/root:/folder/file:")
    c("DELETE", "/root:/folder", 204)
    send_all(c, url, 404)


def test_deferred_business(business: Client) -> None:
    """With deferCommit nothing stands there until an empty POST, on business drives."""
    url = begin(business, body={"deferCommit": True})
    assert send_all(business, url, 202)["nextExpectedRanges"] == []
    business.refused("GET", "/root:/file", 404, "itemNotFound")
    assert business.bare("POST", url, 201).json()["size"] == len(DATA)


def test_deferred_personal(personal: Client) -> None:
    """On personal drives a PUT that names the session completes it."""
    url = begin(personal, body={"deferCommit": True})
    send_all(personal, url, 202)
    personal.bare("POST", url, 400)
    body = {"name": "file", "@microsoft.graph.sourceUrl": url}
    assert personal("PUT", "/root", 201, json=body).json()["size"] == len(DATA)


def test_if_match(c: Client) -> None:
    """A session for another version than the one that stands is refused."""
    old = c.put("file", b"1")
    new = c.put("file", b"2", 200)
    path = f"/items/{new['id']}"
    begin(c, path, 412, headers={"If-Match": old["eTag"]})
    begin(c, path, 412, headers={"If-None-Match": "*"})
    made = send_all(c, begin(c, path, headers={"If-Match": new["cTag"]}), 200)
    assert made["id"] == new["id"]


def test_if_match_at_the_end(c: Client) -> None:
    """An edit while the ranges come is noticed at the last one, unless the service does not."""
    made = c.put("file", b"1")
    urls = [begin(c, f"/items/{made['id']}", headers={"If-Match": made["eTag"]}) for _ in range(2)]
    edited = c.put("file", b"edited", 200)
    error = send_all(c, urls[0], 412)["error"]
    assert error["code"] == "resourceModified"
    assert c.get("/root:/file")["eTag"] == edited["eTag"]
    c.emulator.quirks.session_checks_at_end = False
    send_all(c, urls[1], 200)
    assert b"edited" in c.emulator.people.kept()


def test_one_session_at_a_time(c: Client) -> None:
    """On demand a name with an open session is taken for others, until it is cancelled or ends."""
    begin(c)
    begin(c)
    c.emulator.quirks.session_is_exclusive = True
    begin(c, "/root:/FILE:", 409)
    url = begin(c, "/root:/other:")
    begin(c, "/root:/other:", 409)
    c.bare("DELETE", url, 204)
    begin(c, "/root:/other:")
    c.emulator.ahead += c.emulator.quirks.session_lifetime + 1
    c.sign_in()
    begin(c)


def test_the_item_is_gone_meanwhile(c: Client) -> None:
    """A session for an item that was deleted ends in 404."""
    made = c.put("file", b"1")
    url = begin(c, f"/items/{made['id']}")
    c("DELETE", f"/items/{made['id']}", 204)
    send_all(c, url, 404)


def test_full(c: Client) -> None:
    """A size that does not fit is 507 at once where it is told, else at the end."""
    c.emulator.drive.quota = len(DATA) - 1
    begin(c, expect=507, body={"item": {"fileSize": len(DATA)}})
    url = begin(c)
    error = send_all(c, url, 507)["error"]
    assert error["code"] == "quotaLimitReached"
    assert c.bare("GET", url).json()["nextExpectedRanges"] == []


def test_names(c: Client) -> None:
    """A session is refused for a name that cannot be, and makes the folders on the way."""
    begin(c, "/root:/a%3Fb:", 400)
    begin(c, "/root:/file:", 400, body={"item": {"name": "a|b"}})
    send_all(c, begin(c, "/root:/some/where/file:"))
    assert c.get("/root:/some/where/file")["size"] == len(DATA)


def test_simple_upload_limit(c: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A simple upload takes at most 250 MB."""
    assert writing.SIMPLE_LIMIT == 250_000_000
    monkeypatch.setattr(writing, "SIMPLE_LIMIT", 1000)
    c.put("file", bytes(1000))
    assert c.put("file", bytes(1001), 413)["error"]["code"] == "invalidRequest"
