"""python -m LogsMonitor2000"""

import sys

from .command.main import main

if __name__ == "__main__":
    sys.exit(main())
