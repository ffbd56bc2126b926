"""`python -m b24app …`; set-up also writes a launcher named `b24app` beside the virtual environment's python."""

import sys

from b24app.cli import main

sys.exit(main(sys.argv[1:]))
