/**
 * moto's server, as a program of Python with three things that moto's own command has not:
 *
 * - it takes a free port and says which;
 * - `POST /clock?ms=30000` moves its clock on, so that leases and dates need not be waited for;
 * - it works on one request at a time, because moto looks and then changes without a lock, and two
 *   at once would be given the same message or both put the same object. A long poll lets the others
 *   go on while it waits.
 */
export const motoServer = `
import datetime, sys, threading, time
from urllib.parse import parse_qs
import moto.core.utils as utils

moved = datetime.timedelta()
utcnow = utils.utcnow
utils.utcnow = lambda: utcnow() + moved

from moto.server import DomainDispatcherApplication, create_backend_app
from moto.sqs.models import SQSBackend
from werkzeug.serving import WSGIRequestHandler, make_server

one_at_a_time = threading.Lock()
receive_now = SQSBackend.receive_message

def receive_message(self, queue_name, count, wait_seconds_timeout, *others):
    ends_at = time.monotonic() + wait_seconds_timeout
    while True:
        found = receive_now(self, queue_name, count, 0, *others)
        if found or time.monotonic() >= ends_at:
            return found
        one_at_a_time.release()
        time.sleep(0.005)
        one_at_a_time.acquire()

SQSBackend.receive_message = receive_message
moto = DomainDispatcherApplication(create_backend_app)

def application(environ, start_response):
    global moved
    with one_at_a_time:
        if environ["PATH_INFO"] == "/clock":
            moved += datetime.timedelta(milliseconds=int(parse_qs(environ["QUERY_STRING"])["ms"][0]))
            start_response("204 No Content", [])
            return []
        return moto(environ, start_response)

class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    def log(self, *args):
        pass

host, port = sys.argv[1:]
server = make_server(host, int(port), application, threaded=True, request_handler=Quiet)
print("ready on", server.port, flush=True)
server.serve_forever()
`;
