"""Front door: settings -> application -> serve. What a Hugging Face Space runs."""

import logging
import sys

from product.application import Application
from product.sentiment import AttuneError
from product.settings import load_settings
from product.web.server import serve


def main() -> int:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("product").setLevel(logging.INFO)
    try:
        with Application.open(load_settings()) as application:
            serve(application)
    except AttuneError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
