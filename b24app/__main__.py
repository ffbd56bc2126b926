"""`python -m b24app …`; set-up also writes a launcher named `b24app` beside the virtual environment's python."""

import logging
import sys

from b24app.cli import main
from b24app.logs import set_up_logs

set_up_logs(logging.WARNING)  # to standard error: what commands print is their own; lasting processes say more
sys.exit(main(sys.argv[1:]))
