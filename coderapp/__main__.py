"""`python -m coderapp`."""

import sys

from coderapp.cli import main

if __name__ == "__main__":
    sys.exit(main())
