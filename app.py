"""Front door: settings -> application -> serve. What a Hugging Face Space runs."""

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
        # Gradio reads its port as it is imported, and fails at one that is no number without saying what is allowed.
        from product.web.server import serve

        with running_application(settings) as application:
            serve(application)
    except AttuneError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
