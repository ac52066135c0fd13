"""How to install it: `pip install .`"""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"


def version() -> str:
    """Read from the source, because importing the package here would run it with whatever Python builds it."""
    found = re.search(r'^VERSION = "(.+)"$', (HERE / "LogsMonitor2000" / "version.py").read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise RuntimeError("LogsMonitor2000/version.py has no VERSION")
    return found[1]


setup(
    name="LogsMonitor2000",
    version=version(),
    description="Watches HTTP access logs: traffic statistics and alerts that can be trusted",
    long_description=README.read_text("utf-8") if README.exists() else "",
    long_description_content_type="text/markdown",
    packages=find_packages(include=["LogsMonitor2000", "LogsMonitor2000.*"]),
    package_data={"LogsMonitor2000.alert": ["default.toml"]},
    python_requires=">=3.11",
    entry_points={"console_scripts": ["logsmonitor2000 = LogsMonitor2000.command.main:main"]},
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Environment :: Console",
        "Intended Audience :: System Administrators",
        "Operating System :: POSIX",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Internet :: Log Analysis",
        "Topic :: System :: Monitoring",
    ],
)
