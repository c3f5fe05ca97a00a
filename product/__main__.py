"""The command line: python -m product --help"""

from product.cli.app import app
from product.cli.console import run

if __name__ == "__main__":
    run(app)
