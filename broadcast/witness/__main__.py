"""`python -m broadcast.witness SETTINGS.json`"""

from broadcast.witness.main import main

main()
