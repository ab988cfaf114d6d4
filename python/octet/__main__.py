"""``python -m octet`` is the command ``octet``."""

from ._driver import main

if __name__ == "__main__":
    main()
