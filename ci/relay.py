"""Signs requests anew on their way to the sandbox, which knows one identity only, and not that of a role in the local AWS:

    with relay("bedrock", services, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME") as url:
        ...

With `seen`, a list, it keeps the path, the headers and the body of each.
"""

import contextlib
import http.server
import threading
import urllib.error
import urllib.request

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


@contextlib.contextmanager
def relay(service, services, endpoint, seen=None):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if seen is not None:
                seen.append((self.path, dict(self.headers), body))
            authorization = self.headers["Authorization"] or ""
            # The function signs as its role, whose keys are temporary.
            signed = "Credential=ASIA" in authorization and f"/{service}/aws4_request" in authorization
            if signed and self.headers["X-Amz-Security-Token"]:
                self.send(*forward(service, services, services[endpoint] + self.path, body))
            else:
                self.send(403, "text/plain", b"not signed with the keys of a role")

        def send(self, status, content_type, body):
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def forward(service, services, url, body):
    request = AWSRequest("POST", url, data=body, headers={"Content-Type": "application/json"})
    keys = (services[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"))
    SigV4Auth(Credentials(*keys), service, services["AWS_REGION"]).add_auth(request)
    try:
        response = urllib.request.urlopen(urllib.request.Request(url, body, dict(request.headers)), timeout=30)
    except urllib.error.HTTPError as error:
        response = error
    with response:
        return response.status, response.headers["Content-Type"], response.read()
