"""Starts Attune: reads the settings, opens the application, serves it. A Hugging Face Space runs this file."""

import logging
import sys

from product.jobs import running_application
from product.sentiment import AttuneError
from product.settings.configuration import load_settings


def main() -> int:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("product").setLevel(logging.INFO)
    try:
        settings = load_settings()
        # Check the settings first: Gradio reads its port on import, and its error does not say what is allowed.
        from product.web.server import serve

        with running_application(settings) as application:
            serve(application)
    except AttuneError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
