"""`python -m broadcast.witness SETTINGS.json`"""

import sys

from broadcast.witness.main import main

sys.exit(main(sys.argv[1:]))
