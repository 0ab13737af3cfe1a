"""`python -m dbmedic`, and the console script `dbmedic`."""

from dbmedic.cli.main import main

if __name__ == "__main__":
    main()
