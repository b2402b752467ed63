"""`python -m nightrounds`."""

from nightrounds.cli import main

if __name__ == "__main__":
    main()
