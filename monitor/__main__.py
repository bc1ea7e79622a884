"""`python -m monitor` is `camledger`."""

import sys

from monitor.cli import main

sys.exit(main())
