"""Makes `page.png` and `page-phone.png` from the example log, whose times are moved to end now: `python docs/page_screenshots.py`.

Needs Debian's packages chromium and chromium-driver.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
import os
from pathlib import Path
import re
import subprocess
import sys
import tempfile
import time

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from tests.web.browser import Browser  # noqa: E402
from tests.web.test_action import free_port  # noqa: E402

STAMP = re.compile(r"\[([^]]+)\]")
FORMAT = "%d/%b/%Y:%H:%M:%S %z"
LEFT_OUT = timedelta(minutes=4, seconds=48)
"""Of the end of the log, so that its alert is firing."""


def moved(text: str) -> str:
    """The log, to end now."""
    lines = text.splitlines(keepends=True)
    times = [datetime.strptime(STAMP.search(line)[1], FORMAT) for line in lines]  # type: ignore[index]
    end = max(times) - LEFT_OUT
    shift = datetime.now(timezone.utc) - end
    kept = [(time, line) for time, line in zip(times, lines) if time <= end]
    return "".join(STAMP.sub(f"[{(time + shift).strftime(FORMAT)}]", line, count=1) for time, line in kept)


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "access.log"
        log.write_text(moved((HERE.parent / "examples" / "access.log").read_text()))
        port = free_port()
        command = [sys.executable, "-m", "LogsMonitor2000", "--follow", log.name, "--listen", f"127.0.0.1:{port}"]
        environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
        nowhere = subprocess.DEVNULL
        with subprocess.Popen(command, cwd=directory, env=environment, stdout=nowhere, stderr=nowhere) as monitor:
            time.sleep(3)  # for it to listen
            browser = Browser()
            try:
                browser.open(f"http://127.0.0.1:{port}/#range=0")
                assert browser.wait(lambda: "FIRING" in browser.text("#banner"))
                for name, width, scheme in (("page.png", 1100, "light"), ("page-phone.png", 360, "dark")):
                    browser.size(width, 800)
                    browser.scheme(scheme)
                    time.sleep(1)  # for the page to be laid out anew
                    browser.screenshot(str(HERE / name))
            finally:
                browser.close()
                monitor.terminate()


if __name__ == "__main__":
    main()
