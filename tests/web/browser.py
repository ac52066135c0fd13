"""A headless Chromium, driven over WebDriver with the standard library alone: Debian's packages chromium and chromium-driver."""

from __future__ import annotations

import base64
from collections.abc import Callable
from http.client import HTTPConnection
import json
import re
import shutil
import subprocess
import tempfile
import time
from typing import Any

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
IS_INSTALLED = bool(CHROMIUM and DRIVER)
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The key under which the standard has the id of an element."""

SECONDS_MAX = 30.0


class Browser:
    """One window. `arguments` are further ones of Chromium."""

    def __init__(self, *arguments: str) -> None:
        self._profile = tempfile.mkdtemp()
        self._process = subprocess.Popen(
            [DRIVER or "", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )
        assert self._process.stdout is not None
        self._port = 0
        for line in self._process.stdout:
            if found := re.search(rb"started successfully on port (\d+)", line):
                self._port = int(found[1])
                break
        flags = [
            *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
            *(
                "--disable-component-update",
                "--disable-sync",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
                "--window-size=1280,900",
            ),
            f"--user-data-dir={self._profile}",
        ]
        options = {"binary": CHROMIUM, "args": [*flags, *arguments]}
        capabilities = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self._session = ""
        self._session = self._ask("POST", "", {"capabilities": {"alwaysMatch": capabilities}})["sessionId"]

    def close(self) -> None:
        try:
            if self._session:
                self._ask("DELETE", "")
        finally:
            self._process.terminate()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
            shutil.rmtree(self._profile, ignore_errors=True)

    def open(self, url: str) -> None:
        self._ask("POST", "/url", {"url": url})

    def js(self, expression: str, *arguments: Any) -> Any:
        """The value of `expression`, in which `arguments` are `arguments`."""
        return self._ask("POST", "/execute/sync", {"script": f"return ({expression})", "args": list(arguments)})

    def run(self, script: str, *arguments: Any) -> Any:
        """What `script` hands to its last argument, a function."""
        return self._ask("POST", "/execute/async", {"script": script, "args": list(arguments)})

    def text(self, selector: str) -> str:
        """The text of the first element, "" where there is none."""
        return str(self.js("(document.querySelector(arguments[0]) || {textContent: ''}).textContent", selector))

    def visible_text(self) -> str:
        """The text of the page as it is rendered; it needs no script of the page."""
        element = self._ask("POST", "/element", {"using": "css selector", "value": "body"})[ELEMENT]
        return str(self._ask("GET", f"/element/{element}/text"))

    def click(self, selector: str) -> None:
        """Click the first element; once more where the page has drawn it anew between finding and clicking it."""
        for last in (False, False, True):
            element = self._ask("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]
            try:
                self._ask("POST", f"/element/{element}/click", {})
                return
            except RuntimeError as error:
                if last or "stale element" not in str(error):
                    raise

    def keys(self, text: str) -> None:
        """Press and release each key."""
        actions = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        self._ask("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def drag(self, selector: str, begin: int, end: int) -> None:
        """From `begin` pixels right of the middle of an element to `end`."""
        element = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        move = {"type": "pointerMove", "origin": element, "y": 0}
        actions = [
            {**move, "x": begin},
            {"type": "pointerDown", "button": 0},
            {**move, "x": end},
            {"type": "pointerUp", "button": 0},
        ]
        self._ask("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": actions}]})

    def size(self, width: int, height: int) -> None:
        parameters = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.devtools("Emulation.setDeviceMetricsOverride", parameters)

    def scheme(self, name: str) -> None:
        self.devtools("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": name}]})

    def devtools(self, command: str, parameters: dict[str, Any]) -> Any:
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def screenshot(self, path: str) -> None:
        found = self.devtools("Page.captureScreenshot", {"captureBeyondViewport": True})
        with open(path, "wb") as file:
            file.write(base64.b64decode(found["data"]))

    def problems(self) -> list[str]:
        """Errors and violations of the policy that the console has had since the last call, but failed requests."""
        found = self._ask("POST", "/se/log", {"type": "browser"})
        return [each["message"] for each in found if each["level"] == "SEVERE" and each["source"] != "network"]

    def wait(self, condition: Callable[[], bool]) -> bool:
        """Whether `condition` came true in time."""
        deadline = time.monotonic() + SECONDS_MAX
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            target = "/session" + (f"/{self._session}{path}" if self._session else "")
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, target, data, {"Content-Type": "application/json"})
            answer = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(answer, dict) and answer.get("error"):
            raise RuntimeError(f"{answer['error']}: {answer['message']}")
        return answer
