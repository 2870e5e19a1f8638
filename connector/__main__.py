"""``python -m connector``: the command line."""

from connector.cli.app import app

if __name__ == "__main__":
    app(prog_name="python -m connector")
