"""`python -m haetae` is `haetae`."""

from haetae.cli.main import main

if __name__ == "__main__":
    main()
