"""Commands: python -m training --help"""

from product.cli.console import run
from training.cli.app import app

if __name__ == "__main__":
    run(app)
