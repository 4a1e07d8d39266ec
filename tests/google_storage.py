"""Google Cloud Storage on this machine: TensorFlow's own gs:// file system, its errors and all.

TensorFlow has no setting for the address of the storage, but its curl knows proxies: this is one
that answers in the storage's place, by a certificate that TensorFlow is told to trust. It is a
process of its own: some of TensorFlow's calls hold Python's lock while they wait for an answer.
"""

import contextlib
import http.server
import json
import os
import re
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator

HOSTS = ("www.googleapis.com", "storage.googleapis.com")
# TensorFlow reads these when it is imported, so that whoever uses the storage sets them before.
AT_IMPORT = {
    "GCS_RETRY_CONFIG_MAX_RETRIES": "1",
    "GCS_RETRY_CONFIG_INIT_DELAY_TIME_US": "1000",
    "GCS_RETRY_CONFIG_MAX_DELAY_TIME_US": "1000",
    "GCS_STAT_CACHE_MAX_AGE": "0",
    "GCS_READ_CACHE_MAX_SIZE_MB": "0",  # Some versions keep what was read.
    "GOOGLE_AUTH_TOKEN_FOR_TESTING": "token",
    "NO_GCE_CHECK": "true",
}


class Storage:
    """What a test asks of the process that serves.

    Attributes:
      environment: by which TensorFlow finds it.
    """

    def __init__(self, port: int, certificate: str):
        self._address = f"http://127.0.0.1:{port}"
        self.environment = {"HTTPS_PROXY": self._address, "CURL_CA_BUNDLE": certificate}

    def refuse(self, pattern: str, status: int, *, after: int = 0) -> None:
        """Answers requests by an HTTP status from now on, and no others any more.

        Args:
          pattern: regular expression that "METHOD host/path" begins with.
          status: of the answers; 0 serves all again.
          after: so many are served first.
        """
        self._ask("refuse", [pattern, status, after])

    def requests(self) -> list[str]:
        """What was asked since the last call: "METHOD host/path" of each request."""
        return self._ask("requests")

    def names(self) -> list[str]:
        """All objects, "bucket/name", sorted."""
        return self._ask("names")

    def age(self, pattern: str, seconds: float) -> None:
        """Has the objects whose names match have been written so many seconds earlier."""
        self._ask("age", [pattern, seconds])

    def _ask(self, what, value=None):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self._address}/{what}", json.dumps(value).encode()) as answer:
            return json.loads(answer.read())


@contextlib.contextmanager
def serve(folder: str) -> Iterator[Storage]:
    """Has gs:// of this process, and of those that it starts, be an empty storage meanwhile.

    Args:
      folder: for a key and a certificate.
    """
    key, certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "certificate.pem")
    names = ",".join(f"DNS:{host}" for host in HOSTS)
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"]
    command += ["-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-subj", "/CN=storage", "-addext", f"subjectAltName={names}"]
    command += ["-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    server = subprocess.Popen(
        [sys.executable, __file__, certificate, key], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    before = dict(os.environ)
    try:
        storage = Storage(int(server.stdout.readline()), certificate)
        os.environ.update(storage.environment)
        yield storage
    finally:
        os.environ.clear()
        os.environ.update(before)
        server.kill()
        server.communicate()


class _Handler(http.server.BaseHTTPRequestHandler):
    """One connection: a test's question, or CONNECT and then what TensorFlow asks, in TLS."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    context: ssl.SSLContext
    objects: dict[str, tuple[bytes, int, float]] = {}  # content, generation, time of writing
    asked: list[str] = []
    refused: list = ["", 0, 0]  # pattern, status, how many are served first
    lock = threading.Lock()

    def log_message(self, *_):
        pass

    def handle_expect_100(self):
        super().handle_expect_100()
        self.wfile.flush()  # Else whoever writes waits a second for it.
        return True

    def do_CONNECT(self):
        self.send_response_only(200, "Connection established")
        self.end_headers()
        self.wfile.flush()
        try:
            self.connection = self.context.wrap_socket(self.connection, server_side=True)
        except OSError:
            self.close_connection = True
            return
        self.rfile = self.connection.makefile("rb", self.rbufsize)
        self.wfile = self.connection.makefile("wb")
        self.close_connection = False

    def do_GET(self):
        self._serve("GET")

    def do_POST(self):
        self._serve("POST")

    def do_PUT(self):
        self._serve("PUT")

    def do_DELETE(self):
        self._serve("DELETE")

    def _serve(self, method):
        body = self._body()
        with self.lock:
            if not isinstance(self.connection, ssl.SSLSocket):
                return self._obey(self.path[1:], json.loads(body))
            host, url = self.headers["Host"], urllib.parse.urlsplit(self.path)
            line = f"{method} {host}{urllib.parse.unquote(url.path)}"
            self.asked.append(line)
            pattern, status, _ = self.refused
            if status and re.match(pattern, line):
                self.refused[2] -= 1
                if self.refused[2] < 0:
                    return self._answer(status, {"error": {"code": status}})
            parts = [urllib.parse.unquote(part) for part in url.path.split("/")][1:]
            query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
            if host == "storage.googleapis.com":
                return self._read("/".join(parts))
            if parts[0] == "upload":
                return self._upload(f"{parts[4]}/{query['name']}", query, body)
            if parts[0] == "session":
                return self._write("/".join(parts[1:]), body)
            return self._object(method, parts[3:], query)  # storage/v1/b/BUCKET/o/OBJECT

    def _obey(self, what, value):
        answer = None
        if what == "refuse":
            type(self).refused = value
        if what == "requests":
            answer, type(self).asked = self.asked, []
        if what == "names":
            answer = sorted(self.objects)
        if what == "age":
            for name, (content, generation, seconds) in self.objects.items():
                if re.search(value[0], name):
                    self.objects[name] = content, generation, seconds - value[1]
        self._answer(200, answer)

    def _body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _object(self, method, parts, query):
        if len(parts) == 1:
            return self._answer(200, {})
        if len(parts) == 2:
            return self._list(parts[0], query)
        name = f"{parts[0]}/{parts[2]}"
        if name not in self.objects:
            return self._answer(404, {})
        content, generation, seconds = self.objects[name]
        if "rewriteTo" in parts:  # BUCKET/o/OBJECT/rewriteTo/b/BUCKET/o/OBJECT
            return self._write(f"{parts[5]}/{parts[7]}", content)
        if method == "DELETE":
            del self.objects[name]
            return self._answer(204)
        day = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
        updated = f"{day}.{int(seconds % 1 * 1000):03}Z"
        facts = {"size": str(len(content)), "generation": str(generation), "updated": updated}
        return self._answer(200, facts)

    def _list(self, bucket, query):
        prefix = f"{bucket}/{query.get('prefix', '')}"
        items, folders = [], []
        for name in sorted(self.objects):
            head, slash, _ = name.removeprefix(prefix).partition("/")
            if not name.startswith(prefix):
                continue
            name, folder = name.removeprefix(f"{bucket}/"), prefix.removeprefix(f"{bucket}/") + head
            if slash and "delimiter" in query:
                folders.append(f"{folder}/")
            else:
                items.append({"name": name})
        limit = int(query.get("maxResults", len(items)))
        found = {"items": items[:limit], "prefixes": sorted(set(folders))}
        self._answer(200, {key: values for key, values in found.items() if values})

    def _read(self, name):
        if name not in self.objects:
            return self._answer(404, {})
        begin, end = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"]).groups()
        part = self.objects[name][0][int(begin) : int(end) + 1]
        return self._answer(206 if part else 416, part)

    def _upload(self, name, query, body):
        if query["uploadType"] == "resumable":
            session = f"https://www.googleapis.com/session/{urllib.parse.quote(name)}"
            return self._answer(200, {}, Location=session)
        if query.get("ifGenerationMatch") == "0" and name in self.objects:
            return self._answer(412, {})
        return self._write(name, body)

    def _write(self, name, content):
        generation = time.time_ns() // 1000
        self.objects[name] = content, generation, time.time()
        self._answer(200, {"done": True})

    def _answer(self, status, content=b"", **headers):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response_only(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def _main(certificate: str, key: str) -> None:
    _Handler.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _Handler.context.load_cert_chain(certificate, key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # Who asked was killed, as some tests do.
    print(server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()  # Ends with the test, however that ends.


if __name__ == "__main__":
    _main(*sys.argv[1:])
