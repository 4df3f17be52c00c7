"""`python -m broadcast.studio SETTINGS.json`"""

from broadcast.studio.main import main

main()
