"""S3 accounts: keys that are checked by a call that changes nothing."""

from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer

from syncoxiders.adapters import accounts
from tests.accounts.conftest import Commands
from tests.cli.conftest import Said

KEY = "the-secret-access-key"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    finally:
        server.stop()


@pytest.fixture(autouse=True)
def secrets(commands: Commands) -> None:
    commands.secrets.add(KEY)


def add(commands: Commands, *more: str, stdin: str | None = f"{KEY}\n") -> Said:
    return commands("add", "s3", "bucket", *more, stdin=stdin)


def test_endpoint(commands: Commands, endpoint: str) -> None:
    """Keys for an endpoint are asked for without echo, checked, and kept in the vault."""
    where = (f"--endpoint-url={endpoint}", "--region=eu-west-1", "--addressing=path")
    said = add(commands, "--access-key-id=AKIA1", *where)
    assert said.code == 0, said.err
    assert "Connected bucket: S3 of 127.0.0.1" in said.out
    account = accounts.load("bucket")
    assert account.settings == {"region": "eu-west-1", "url": endpoint, "style": "path"}
    assert accounts.keys(account) == {"access_key_id": "AKIA1", "secret_access_key": KEY}
    assert not any(KEY in text for text in commands.files().values())
    said = commands("check")
    assert said.code == 0, said.err
    assert "bucket: lets us in" in said.out


def test_aws(commands: Commands, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At AWS it is said whose the keys are."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", endpoint)
    monkeypatch.setenv("SYNCOXIDERS_S3_SECRET_ACCESS_KEY", KEY)
    said = add(commands, "--access-key-id=AKIA1", stdin=None)
    assert said.code == 0, said.err
    assert "Connected bucket: S3 of arn:aws:" in said.out


@pytest.mark.parametrize(
    ("status", "code", "result", "message"),
    [
        (403, "SignatureDoesNotMatch", 1, "does not take the keys of the account bucket"),
        (403, "InvalidAccessKeyId", 1, "account add s3 bucket --reconnect"),
        (403, "RequestTimeTooSkewed", 1, "the clock of this machine is wrong"),
        (503, "SlowDown", 1, "S3 answers SlowDown"),
        (403, "AccessDenied", 0, ""),
    ],
)
def test_refused(commands: Commands, status: int, code: str, result: int, message: str) -> None:
    """Wrong keys are not kept; right ones that may not list all buckets are."""
    body = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
    commands.cloud.faults.add(
        "status", path="/", status=status, headers={"Content-Type": "application/xml"}, times=9
    )
    commands.cloud.faults._faults[0].body = body.encode()
    said = add(commands, "--access-key-id=AKIA1", f"--endpoint-url={commands.url}")
    assert said.code == result, said.err
    assert message in said.err
    assert bool(commands.accounts.all()) == (result == 0)


def test_away(commands: Commands) -> None:
    """Nobody there is told from wrong keys."""
    said = add(commands, "--access-key-id=AKIA1", "--endpoint-url=http://127.0.0.1:1")
    assert said.code == 1
    assert "S3 cannot be reached for the account bucket" in said.err


def test_profile(commands: Commands, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile of AWS's own settings is used where it is, its keys are not copied."""
    credentials = commands.folder.parent / "credentials"
    credentials.parent.mkdir(parents=True, exist_ok=True)
    credentials.write_text(f"[backup]\naws_access_key_id = AKIA1\naws_secret_access_key = {KEY}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    said = add(commands, "--profile=backup", f"--endpoint-url={endpoint}")
    assert said.code == 0, said.err
    assert "no secrets of its own" in said.out
    account = accounts.load("bucket")
    assert account.settings["profile"] == "backup"
    assert accounts.keys(account) == {}


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (["--profile=nothing"], 1, "AWS's settings have no profile 'nothing'"),
        ([], 1, "the account bucket has no keys"),
        (["--access-key-id=A", "--profile=p"], 2, "a key and a profile contradict each other"),
        (["--secret-access-key=x"], 2, "is of no use without its --access-key-id"),
        (["--access-key-id=A", "--endpoint-url=nonsense"], 1, "are not right"),
    ],
)
def test_wrong(
    commands: Commands,
    monkeypatch: pytest.MonkeyPatch,
    more: list[str],
    code: int,
    message: str,
) -> None:
    """What is wrong with the settings is said, and nothing is kept."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    said = add(commands, *more)
    assert said.code == code
    assert message in said.err
    assert commands.accounts.all() == {}


def test_new_keys(commands: Commands, endpoint: str) -> None:
    """Keys are replaced by --reconnect, and what is not said stays."""
    assert add(commands, "--access-key-id=AKIA1", f"--endpoint-url={endpoint}").code == 0
    said = add(commands, "--access-key-id=AKIA2", "--reconnect", stdin="another\n")
    assert said.code == 0, said.err
    account = accounts.load("bucket")
    assert account.settings["url"] == endpoint
    assert accounts.keys(account)["access_key_id"] == "AKIA2"
    assert commands("remove", "bucket").code == 0
    assert list((commands.folder / "secrets").iterdir()) == []


def test_from_keys_to_a_profile(
    commands: Commands, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys that are not used any more are forgotten."""
    assert add(commands, "--access-key-id=AKIA1", f"--endpoint-url={endpoint}").code == 0
    credentials = commands.folder / "credentials"
    credentials.write_text(f"[backup]\naws_access_key_id = A\naws_secret_access_key = {KEY}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    said = add(commands, "--profile=backup", "--reconnect", stdin=None)
    assert said.code == 0, said.err
    assert accounts.keys(accounts.load("bucket")) == {}
    assert list((commands.folder / "secrets").iterdir()) == []
