"""moto as a server that answers one request at a time: ``python -m benchmarks.moto_server PORT``.

moto checks the condition of a write and then writes, in two steps; with its own server, threads can interfere.
"""

import sys

from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple

if __name__ == "__main__":
    application = DomainDispatcherApplication(create_backend_app)
    run_simple("127.0.0.1", int(sys.argv[1]), application, threaded=False, request_handler=MotoRequestHandler)
