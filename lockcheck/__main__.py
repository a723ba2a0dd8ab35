"""``python -m lockcheck``: the same as the command."""

from lockcheck.cli import main

if __name__ == "__main__":
    main()
