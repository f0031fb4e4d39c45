"""What stands on the command line, one command a file; `flows/cli.py` joins them."""
