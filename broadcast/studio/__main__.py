"""`python -m broadcast.studio SETTINGS.json`"""

import sys

from broadcast.studio.main import main

sys.exit(main(sys.argv[1:]))
