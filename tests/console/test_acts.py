"""What a person does with the console, and what it asks the API for."""

from dataclasses import replace

from playwright.sync_api import Browser, expect

from tests.console import scenarios
from tests.console.chromium import window
from tests.console.conftest import Opening
from tests.console.mock import Mock
from tests.console.world import World
from tests.emulators.serving import Server


def test_hostile_names(console: Opening) -> None:
    """What the server says is text, whatever it looks like."""
    with console(scenarios.busy(), "activity") as it:
        it.said(scenarios.HOSTILE)
        assert it.page.locator("main img").count() == 0
        it.window.go("conflicts/photos/c1")
        it.said("<script>alert(1)</script>")
        assert it.page.locator("main script").count() == 0


def test_news_live(console: Opening) -> None:
    """What is new is shown as soon as it is told, without a question before."""
    with console(scenarios.busy(), "syncs/documents") as it:
        it.said("Live")
        known = it.mock.world.syncs[1]
        it.mock.put(replace(known, state="in-step", reason="All 8,067 are equal.", to_do=0))
        it.mock.tell("sync", "documents")
        it.said("All 8,067 are equal.")
        expect(it.page.locator("main .badge").first).to_have_text("In step")


def test_news_without_connection(console: Opening) -> None:
    """Without a live connection it is asked every few seconds, and that is said."""
    with console(scenarios.busy(), live=False) as it:
        it.window.expected = ["503"]
        it.window.errors.clear()
        it.said("Every few seconds")
        it.mock.put(replace(scenarios.busy().syncs[1], reason="Something is new."))
        it.said("Something is new.")


def test_offline(console: Opening) -> None:
    """While nobody answers, what was known stays, and it is said."""
    with console(scenarios.busy()) as it:
        it.window.expected = ["ERR_INTERNET_DISCONNECTED", "WebSocket"]
        it.page.context.set_offline(offline=True)
        for each in list(it.mock.connections):
            each.close()
        it.said("Offline")
        assert it.page.get_by_role("heading", name="documents").is_visible()
        it.page.context.set_offline(offline=False)
        it.said("Live")


def test_session_ends(console: Opening) -> None:
    """When the session is over nothing of it stays on the screen, and the page says so."""
    with console(scenarios.busy()) as it:
        it.window.expected = ["401"]
        it.mock.world.session = None
        it.mock.tell("sync", "documents")
        it.said("Your session has ended")
        assert "documents" not in it.page.inner_text("body")


def test_log_out(console: Opening) -> None:
    with console(scenarios.busy(), "settings") as it:
        it.window.expected = ["401"]
        it.press("Log out")
        it.said("Open the link that was shown when deploying")


def test_make_a_sync(console: Opening) -> None:
    """Folders are chosen by walking, and nothing is done before its first plan was seen."""
    with console(scenarios.busy(), "new") as it:
        it.press("Choose a folder")
        it.press("work")
        it.press("Photos")
        it.press("2026")
        it.press("Choose “2026”")
        it.press("Choose another folder")
        it.press("box")
        it.press("Choose the whole account")
        it.page.get_by_label("Its name").fill("pictures")
        it.press("Go on")
        it.page.get_by_text("Copy", exact=True).click()
        it.page.get_by_text("Conflicts, filters, guard").click()
        it.press("*.tmp files of that ending")
        it.page.get_by_label("Bigger than").fill("2 GB")
        it.press("Go on")
        it.said("bigger than 2 GB")
        it.press("Make it, and show the first run")
        it.press("Look at the plan")
        it.said("Nothing is deleted by this plan")
        it.press("Let it through")
        it.said("60 files are being copied.")
        [asked] = it.asked("POST", "/syncs")
        assert asked == {
            "name": "pictures",
            "endpoints": [
                {"account": "work", "path": "Photos/2026"},
                {"account": "box", "path": ""},
            ],
            "rule": {
                "mode": "copy",
                "keep": "newer",
                "auto_merge": False,
                "patterns": ["*.tmp"],
                "min_size": None,
                "max_size": 2_000_000_000,
                "min_age": "",
                "max_age": "",
                "max_delete": "50%",
            },
            "preview": True,
        }


def test_keyboard(console: Opening) -> None:
    """Everything can be reached by keys; a dialog gives the focus back."""
    with console(scenarios.busy(), "new") as it:
        keys = it.page.keyboard
        keys.press("Tab")
        keys.press("Enter")
        expect(it.page.get_by_role("main")).to_be_focused()
        keys.press("Tab")
        keys.press("Tab")
        expect(it.page.get_by_role("button", name="Choose a folder")).to_be_focused()
        keys.press("Enter")
        it.page.get_by_role("dialog").wait_for()
        keys.press("Escape")
        it.page.get_by_role("dialog").wait_for(state="detached")
        expect(it.page.get_by_role("button", name="Choose a folder")).to_be_focused()
        it.page.get_by_role("link", name="Files").focus()
        keys.press("Enter")
        expect(it.page.get_by_role("heading", name="Files", level=1)).to_be_focused()


def test_approve_deletions(console: Opening) -> None:
    """A plan that deletes says so before all else; what is looked for is found on later pages."""
    with console(scenarios.troubled(), "syncs/archive/plan/plan-1") as it:
        it.said("4,211 items would be deleted")
        it.page.get_by_label("Find in the plan").fill("scan 431")
        it.said("scan 431.jpg")
        it.window.expected = ["404"]  # what is still being looked through is no more
        it.press("Let it through, with 4,211 deletions")
        it.said("It is let through")
        assert it.asked("POST", "/syncs/archive/plans/plan-1/approve") == [None]


def test_resolve_conflicts(console: Opening) -> None:
    """Texts are compared by lines and words; one is kept, or what was merged by hand."""
    with console(scenarios.busy(), "conflicts/photos/c1") as it:
        expect(it.page.locator("del").first).to_have_text("15")
        expect(it.page.locator("ins").first).to_have_text("45")
        it.press("Merge by hand")
        merged = it.page.get_by_label("The merged text").input_value()
        assert "8:15" in merged
        assert "8:45" in merged
        it.page.get_by_label("The merged text").fill("Agreed.\n")
        it.press("Keep this text")
        it.said("Your text stays.")
        it.window.go("conflicts/photos/c2")
        assert it.page.locator("img.preview").count() == 2
        it.page.wait_for_function("[...document.images].every((image) => image.complete)")
        it.page.locator(".decide button").nth(1).click()
        it.said("The version of work takes its place.")
        expect(it.page.get_by_role("list", name="Conflicts").get_by_role("link")).to_have_count(1)
        assert it.asked("POST", "/syncs/photos/conflicts/c1/resolve") == [
            {"take": "merged", "text": "Agreed.\n"}
        ]
        assert it.asked("POST", "/syncs/photos/conflicts/c2/resolve") == [{"take": "other"}]


def test_pause_and_settings(console: Opening) -> None:
    """A sync is paused and goes on; who has seen older settings overwrites none."""
    with console(scenarios.busy(), "syncs/photos/settings") as it:
        it.press("Pause")
        it.said("photos is paused.")
        it.press("Resume")
        it.said("photos goes on.")
        it.window.go("syncs/photos")
        it.window.go("syncs/photos/settings")
        known = it.mock.world.syncs[-1]
        it.mock.put(replace(known, revision="elsewhere"))
        it.page.get_by_text("Copy", exact=True).click()
        it.window.expected = ["412"]
        it.press("Save")
        it.said("The settings were changed elsewhere since you opened them.")
        it.press("Show those")
        it.mock.put(replace(known, revision="5"))
        it.window.go("syncs/photos")
        it.window.go("syncs/photos/settings")
        it.page.get_by_text("Copy", exact=True).click()
        it.press("Save")
        it.said("Saved.")
        assert it.mock.world.syncs[-1].rule.mode == "copy"


def test_forget_a_sync(console: Opening) -> None:
    """Before it is forgotten it is said that no file is touched; Cancel does nothing."""
    with console(scenarios.busy(), "syncs/photos/settings") as it:
        it.press("Forget the sync…")
        it.page.get_by_role("dialog").get_by_text("No file is touched.").wait_for()
        it.press("Cancel")
        assert it.asked("DELETE", "/syncs/photos") == []
        it.press("Forget the sync…")
        it.page.get_by_role("dialog").get_by_role("button", name="Forget the sync").click()
        it.said("photos is forgotten.")
        assert len(it.mock.world.syncs) == 2


def test_connect(console: Opening) -> None:
    """A sign-in leads to the provider and back; a key is in no address and not remembered."""
    with console(World(), "connect/drive") as it:
        it.page.get_by_label("A name for this account").fill("mine")
        it.press("Go to Google Drive")
        it.said("mine is connected")
        it.window.go("connect/s3")
        it.window.expected = ["422"]
        it.page.get_by_label("A name for this account").fill("bucket")
        it.page.get_by_label("Access key id").fill("AKIAEXAMPLE")
        it.page.get_by_label("Secret access key").fill("wrong")
        it.page.locator("main form button.primary").click()
        it.said("S3 does not know this key.")
        it.said("Look whether it is whole.")
        it.page.get_by_label("Secret access key").fill("right-s3cret")
        it.page.locator("main form button.primary").click()
        it.said("bucket is connected")
        kept = it.page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
        assert "s3cret" not in kept + it.page.url + it.page.content()


def test_sign_in_problems(console: Opening) -> None:
    """Why a sign-in led to no account is said, and what to do."""
    with console(scenarios.busy(), "accounts?problem=denied") as it:
        it.said("Access was not allowed at the provider.")
        it.window.go("accounts?problem=something-new")
        it.said("The sign-in did not work.")


def test_device(console: Opening) -> None:
    """A program may act for a person after they have said so, seeing its name and code."""
    with console(scenarios.busy(), "device?code=BCDF-GHJK") as it:
        it.said("syncoxiders on robins-laptop")
        it.press("Yes, it may act for me")
        it.said("It may act for you")
        assert it.asked("POST", "/devices/BCDF-GHJK/decision") == [{"allow": True}]


def test_search(console: Opening) -> None:
    """A search is in the address, and narrows; folders are walked by their names."""
    with console(scenarios.busy(), "files") as it:
        it.page.get_by_label("Search all files").fill("report 12")
        it.said("Report 12.pdf")
        it.page.wait_for_url("**q=report+12*")
        it.page.get_by_role("link", name="Report 12.pdf").click()
        it.page.get_by_role("navigation", name="Where you are").get_by_text("2025").wait_for()


def test_more_than_a_page(console: Opening) -> None:
    """Of ten thousand, as many are shown as were asked for."""
    with console(scenarios.many(10_000), "conflicts") as it:
        rows = it.page.get_by_role("list", name="Conflicts").get_by_role("link")
        expect(rows).to_have_count(50)
        it.press("Show more")
        expect(rows).to_have_count(100)
        it.mock.world.conflicts.pop(0)
        it.mock.tell("conflict", "photos")
        expect(it.page.locator("a[href$='/c0']")).to_have_count(0)
        expect(rows).to_have_count(100)


def test_problems(console: Opening) -> None:
    """What cannot be had says why, what to do, and can be asked for again."""
    world = scenarios.busy()
    with console(world) as it:
        it.window.expected = ["503"]
        it.mock.faults.add(
            path="/api/v1/statistics",
            kind="status",
            status=503,
            body=b'{"code": "unavailable", "detail": "the tables cannot be used now",'
            b' "mend": "try again in some seconds"}',
            headers={"Content-Type": "application/problem+json"},
        )
        it.window.go("statistics")
        it.said("The tables cannot be used now.")
        it.said("Try again in some seconds.")
        it.mock.faults.clear()
        it.press("Try again")
        it.said("Wasted by duplicates")


def test_appearance(console: Opening) -> None:
    """Light or dark is remembered, before anything is painted."""
    with console(scenarios.busy(), "settings") as it:
        it.page.get_by_text("Dark", exact=True).click()
        it.page.reload()
        it.page.wait_for_selector("main h1")
        dark = it.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert dark == "rgb(17, 20, 19)"


def test_busy_deployment(console: Opening, browser: Browser) -> None:
    """A file that does not come is asked for anew; a page that does not come says so."""
    mock = Mock(scenarios.busy())
    for path in ("/js/lib/router.js", "/css/base.css"):
        mock.faults.add(path=path, kind="status", status=429)
    with Server(mock) as server, window(browser, server.url) as shown:
        shown.expected = ["429", "503"]
        shown.go()
        shown.page.get_by_role("heading", name="documents").wait_for()
    with console(scenarios.busy()) as it:
        it.page.wait_for_load_state("networkidle")  # the other pages are fetched meanwhile
        it.mock.faults.add(path="/js/", kind="status", status=429, times=100)
        it.window.go("statistics")
        it.said("Wasted by duplicates")
