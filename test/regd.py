#!/usr/bin/env python3
"""A registry in memory that fails on demand, for what no real one does.

It speaks the distribution API (blobs, uploads, mounts, manifests, tags,
referrers), writes its port to a file and each request as a line of JSON to a
log, and reads a file of faults again whenever that has changed:

    [{"method": "GET", "path": "/blobs/", "nth": [1, 2],
      "status": 503, "headers": {"Retry-After": "1"}, "body": "text"}]

method and path are regular expressions that must be found, and the request's
body must have more than over bytes if that is there; with expect: true it must
ask for "100 Continue" first, and is answered before the body.  nth says which
matching requests the fault is for (counted from 1, all if it is missing).  What
it does is one of

    status, headers, body   answer so instead
    raw: text               write this to the connection instead, then close it
    cut: N                  answer as ever, but close after N bytes of the body
    cut_all: N              answer as ever, but close after N bytes of the whole
                            answer, status line and fields counted
    reset: true             close without an answer
    break: N                close without an answer after N bytes of the request's
                            body; an upload keeps them with --keep-parts, else
                            it is gone
    stall: S                wait S seconds first, then answer as ever
    hold: FILE              wait until the file is gone, then answer as ever
    set: {"Name": "value"}  answer as ever, with these fields changed (null:
                            without)
    replace: text           answer as ever, with another body

and how it does that can be changed by

    early: N                before more than N bytes of the request's body are
                            read; what is left of it is read afterwards,
                            unless the connection ends
    end: "close" | "reset"  the connection, after the answer, unannounced

A text may be a list of texts, and {"repeat": "x", "times": 9} in it; times is
without end if it is missing.  {"repeat": "x", "every": S} has no end, and waits
S seconds after each; {"pause": S} is only a wait.  A field's value may be a
list: one field each.
"""
import argparse
import base64
import hashlib
import http.server
import json
import os
import re
import socket
import socketserver
import ssl
import threading
import time
import urllib.parse
import uuid

INDEX = 'application/vnd.oci.image.index.v1+json'


def digest_of(data, like='sha256:'):
    algorithm = like.split(':')[0]
    return f'{algorithm}:{hashlib.new(algorithm, data).hexdigest()}'


def pieces(text):
    """The bytes of a text, piece by piece."""
    if isinstance(text, list):
        for one in text:
            yield from pieces(one)
    elif isinstance(text, dict) and 'every' in text:
        while True:
            yield text['repeat'].encode()
            time.sleep(text['every'])
    elif isinstance(text, dict) and 'pause' in text:
        time.sleep(text['pause'])
    elif isinstance(text, dict):
        piece = text['repeat'].encode() * text.get('times', 1)
        yield piece
        while 'times' not in text:
            yield piece * (1 + 65536 // len(piece))
    else:
        yield text.encode() if isinstance(text, str) else text


class Cut:
    """A file that fails after its first bytes."""

    def __init__(self, file, left):
        self.file = file
        self.left = left

    def write(self, data):
        self.file.write(data[:self.left])
        self.left -= len(data)
        if self.left < 0:
            raise BrokenPipeError

    def __getattr__(self, name):
        return getattr(self.file, name)


class State:
    def __init__(self, options):
        self.options = options
        self.lock = threading.Lock()
        self.blobs = {}         # (repo, digest) -> bytes
        self.linking = set()    # digests whose links are being written
        self.manifests = {}     # (repo, reference) -> (type, bytes)
        self.uploads = {}       # id -> bytearray
        self.tokens = {}        # token -> (scopes, time of expiry)
        self.active = set()     # handlers whose request is not answered yet
        self.faults = []
        self.faults_time = None

    def log(self, entry):
        with self.lock, open(self.options.log, 'a', encoding='utf-8') as f:
            f.write(json.dumps(entry) + '\n')

    def fault(self, method, path, size, expects):
        """The fault for this request, or {}."""
        name = self.options.faults
        with self.lock:
            stamp = os.stat(name).st_mtime_ns if name and os.path.exists(
                name) else None
            if stamp != self.faults_time:
                self.faults_time = stamp
                with open(name, encoding='utf-8') as f:
                    self.faults = json.load(f)
                for fault in self.faults:
                    fault['seen'] = 0
                    for key in 'method', 'path':
                        fault[key] = re.compile(fault.get(key, ''))
            for fault in self.faults:
                if not fault['method'].search(method) or \
                        not fault['path'].search(path) or \
                        size <= fault.get('over', -1) or \
                        'expect' in fault and not expects:
                    continue
                fault['seen'] += 1
                nth = fault.get('nth')
                if nth is None or fault['seen'] in nth:
                    return fault
        return {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    state = None
    expected = False            # "100 Continue", by the client
    active = 0                  # requests when this one came, with it

    def log_message(self, *args):
        pass

    # -- answering ---------------------------------------------------------

    def answer(self, status, body=b'', headers=None):
        fault = self.current
        headers = dict(headers or {})
        if 'status' in fault:
            status = fault['status']
            headers = {}
            body = fault.get('body', '')
        body = fault.get('replace', body)
        headers.update(fault.get('headers', {}))
        if 'Content-Length' not in fault.get('set', {}):
            body = b''.join(pieces(body))
            headers.setdefault('Content-Length', str(len(body)))
        headers.update(fault.get('set', {}))
        self.log_request_as(status)
        if 'cut_all' in fault:
            self.wfile = Cut(self.wfile, fault['cut_all'])
        if 'Date' in headers:
            self.send_response_only(status)
        else:
            self.send_response(status)
        for name, value in headers.items():
            for one in value if isinstance(value, list) else [value]:
                if one is not None:
                    self.send_header(name, one)
        self.end_headers()
        if self.command == 'HEAD':
            return
        if 'cut' in fault:
            self.wfile = Cut(self.wfile, fault['cut'])
        for piece in pieces(body):
            self.wfile.write(piece)

    def log_request_as(self, status):
        with self.state.lock:
            self.state.active.discard(self)
        self.state.log({'method': self.command, 'path': self.path,
                        'status': status, 'auth': self.headers.get(
                            'Authorization'), 'range': self.headers.get(
                                'Range'), 'got': len(self.body),
                        'at': self.came, 'active': self.active})

    def handle_expect_100(self):
        # Said when the body is about to be read.
        self.expected = True
        return True

    def read_body(self, most):
        """Some of the request's body; false if the client gave up."""
        if self.expected and min(most, self.left) > 0:
            self.expected = False
            self.send_response_only(100)
            self.end_headers()
        wanted = len(self.body) + min(most, self.left)
        try:
            while len(self.body) < wanted:
                # read() would lose what came before it breaks.
                piece = self.rfile.read1(min(65536, wanted - len(self.body)))
                if not piece:
                    return False
                self.body += piece
                self.left -= len(piece)
        except ConnectionError:
            return False
        return True

    def drop(self):
        self.close_connection = True
        # With linger 0 the peer sees a reset, not an orderly end.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   b'\1\0\0\0\0\0\0\0')
        self.connection.close()

    def error(self, status, code, headers=None):
        self.answer(status, json.dumps({'errors': [
            {'code': code, 'message': code.lower().replace('_', ' ')}]}),
            {'Content-Type': 'application/json', **(headers or {})})

    def handle(self):
        try:
            super().handle()
        except ssl.SSLError:
            # The client has sent its request already.  Were that not read, a
            # reset could overtake what we said to the client.
            raw = socket.socket(fileno=os.dup(self.connection.fileno()))
            raw.settimeout(10)
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(65536):
                pass
            raw.close()

    # -- a request ---------------------------------------------------------

    def handle_one(self):
        self.came = time.monotonic()
        with self.state.lock:
            self.state.active.add(self)
            self.active = len(self.state.active)
        self.body = bytearray()
        self.left = int(self.headers.get('Content-Length') or 0)
        self.current = fault = self.state.fault(
            self.command, self.path, self.left, self.expected)
        match = re.match(r'/v2/(.+)/blobs/uploads/', self.path)
        if self.expected and match and not self.allowed(match[1]):
            self.close_connection = True
            return
        if 'expect' in fault:
            time.sleep(fault.get('stall', 0))
            self.close_connection = True
            self.answer(fault['status'])
            return
        if not self.read_body(min(self.left, fault.get(
                'early', fault.get('break', self.left)))):
            self.close_connection = True    # the client gave up
            self.keep_part()
            return
        if 'break' in fault:
            self.keep_part()
            self.drop()
            return
        try:
            self.handle_fault(fault)
        except BrokenPipeError:
            self.close_connection = True    # it did, or a cut
        while 'early' in fault and 'end' not in fault and self.left > 0:
            if not self.read_body(65536):
                self.close_connection = True
                return
        if 'end' in fault:
            self.close_connection = True
        if fault.get('end') == 'reset':
            self.drop()

    def handle_fault(self, fault):
        url = urllib.parse.urlsplit(self.path)
        self.query = urllib.parse.parse_qs(url.query)
        if 'stall' in fault:
            time.sleep(fault['stall'])
        while os.path.exists(fault.get('hold', '')):
            time.sleep(0.02)
        if fault.get('reset'):
            self.log_request_as(0)
            self.drop()
            return
        if 'raw' in fault:
            self.log_request_as(0)
            self.close_connection = True
            for piece in pieces(fault['raw']):
                self.wfile.write(piece)
            return
        if url.path == '/token':
            self.token()
            return
        match = re.fullmatch(
            r'/v2/(.+)/(manifests|blobs|referrers)/(.*)', url.path)
        if url.path == '/v2/':
            self.answer(200, '{}')
        elif not match:
            self.error(404, 'NAME_UNKNOWN')
        elif self.allowed(match[1]):
            getattr(self, match[2])(match[1], match[3])

    def keep_part(self):
        """Of an upload that broke, as far as it came."""
        session = urllib.parse.urlsplit(self.path).path.split('/')[-1]
        self.log_request_as(0)
        if self.state.options.keep_parts and session in self.state.uploads:
            self.state.uploads[session] += self.body
        else:
            self.state.uploads.pop(session, None)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one

    # -- who may -----------------------------------------------------------

    def allowed(self, repo):
        how = self.state.options.auth
        if how == 'none':
            return True
        given = self.headers.get('Authorization', '')
        if how == 'basic':
            if given == 'Basic ' + base64.b64encode(
                    self.state.options.user.encode()).decode():
                return True
            self.error(401, 'UNAUTHORIZED',
                       {'WWW-Authenticate': 'Basic realm="here"'})
            return False
        need = 'pull' if self.command in ('GET', 'HEAD') else 'push'
        scopes, until = self.state.tokens.get(
            given.removeprefix('Bearer '), ({}, 0))
        if time.monotonic() < until and need in scopes.get(repo, ()):
            return True
        realm = self.state.options.realm or \
            f'http://{self.headers["Host"]}/token'
        actions = 'pull' if need == 'pull' else 'pull,push'
        self.error(401, 'UNAUTHORIZED', {
            'WWW-Authenticate': f'Bearer realm="{realm}",service="test, ok",'
                                f'scope="repository:{repo}:{actions}"'})
        return False

    def token(self):
        given = self.headers.get('Authorization', '')
        user = self.state.options.user
        if user and given != 'Basic ' + base64.b64encode(
                user.encode()).decode():
            self.error(401, 'UNAUTHORIZED')
            return
        scopes = {}
        for scope in self.query.get('scope', []):
            kind, rest = scope.split(':', 1)
            name, actions = rest.rsplit(':', 1)
            if kind == 'repository':
                scopes[name] = actions.split(',')
        token = uuid.uuid4().hex
        lives = self.state.options.token_lives
        self.state.tokens[token] = (scopes, time.monotonic() + lives)
        self.answer(200, json.dumps({'token': token, 'expires_in': 300}))

    # -- content -----------------------------------------------------------

    def manifests(self, repo, reference):
        state = self.state
        if self.command == 'PUT':
            digest = digest_of(self.body, reference if ':' in reference
                               else 'sha256:')
            if ':' in reference and digest != reference:
                self.error(400, 'DIGEST_INVALID')
                return
            document = json.loads(self.body)
            lacks = [d['digest'] for d in [document.get('config'),
                     *document.get('layers', [])]
                     if d and (repo, d['digest']) not in state.blobs]
            if lacks and state.options.check_blobs:
                self.answer(400, json.dumps({'errors': [{
                    'code': 'MANIFEST_INVALID', 'message': 'bad manifest',
                    'detail': {'lacks': lacks}}]}))
                return
            if any(digest in self.body.decode() for digest in state.linking):
                # As docker-registry 2.8 does whose link file is empty.
                self.answer(400, json.dumps({'errors': [
                    {'code': 'DIGEST_INVALID'},
                    {'code': 'MANIFEST_BLOB_UNKNOWN'}]}))
                return
            entry = (self.headers['Content-Type'], self.body)
            state.manifests[repo, digest] = entry
            state.manifests[repo, reference] = entry
            headers = {'Docker-Content-Digest': digest}
            if state.options.referrers and 'subject' in document:
                headers['OCI-Subject'] = document['subject']['digest']
            self.answer(201, b'', headers)
            return
        entry = state.manifests.get((repo, reference))
        if not entry:
            self.error(404, 'MANIFEST_UNKNOWN')
            return
        self.answer(200, entry[1], {
            'Content-Type': entry[0],
            'Docker-Content-Digest': digest_of(entry[1])})

    def blobs(self, repo, rest):
        if rest.startswith('uploads/'):
            self.upload(repo, rest.removeprefix('uploads/'))
            return
        data = self.state.blobs.get((repo, rest))
        if data is None and self.command == 'HEAD' and \
                self.state.options.global_head:
            data = next((data for (_, digest), data in
                         self.state.blobs.items() if digest == rest), None)
        if data is None:
            self.error(404, 'BLOB_UNKNOWN')
            return
        span = re.fullmatch(r'bytes=(\d+)-(\d+)',
                            self.headers.get('Range', ''))
        if span and not self.state.options.no_range:
            start, end = int(span[1]), int(span[2])
            self.answer(206, data[start:end + 1], {
                'Content-Range': f'bytes {start}-{end}/{len(data)}'})
            return
        self.answer(200, data)

    def upload(self, repo, session):
        state = self.state
        digest = self.query.get('digest', [''])[0]
        if self.command == 'POST':
            mount = self.query.get('mount', [''])[0]
            if mount and state.options.mount == 'refuse':
                self.error(405, 'UNSUPPORTED')
                return
            origin = self.query.get('from', [''])[0]
            if mount and state.options.mount == 'missing' and \
                    (origin, mount) not in state.blobs:
                self.error(404, 'BLOB_UNKNOWN')
                return
            if mount and state.options.mount in ('yes', 'missing', 'links') \
                    and (origin, mount) in state.blobs:
                if state.options.mount == 'links':
                    state.linking.add(mount)
                    time.sleep(0.2)
                    state.linking.discard(mount)
                state.blobs[repo, mount] = state.blobs[origin, mount]
                self.answer(201, b'', {'Location':
                                       f'/v2/{repo}/blobs/{mount}'})
                return
            if digest and state.options.single_post:
                self.store(repo, digest, self.body)
                return
            session = uuid.uuid4().hex
            state.uploads[session] = bytearray()
            self.answer(202, b'', {
                'Location': f'/v2/{repo}/blobs/uploads/{session}?s=1',
                'OCI-Chunk-Min-Length': state.options.chunk_min})
            return
        if session not in state.uploads:
            self.error(404, 'BLOB_UPLOAD_UNKNOWN')
            return
        if self.command == 'DELETE':
            del state.uploads[session]
            self.answer(204)
            return
        if self.command == 'GET':
            have = len(state.uploads[session])
            self.answer(204, b'', {'Location': self.path, 'Range':
                                   f'0-{max(have - 1, 0)}'})
            return
        part = re.fullmatch(r'(\d+)-(\d+)',
                            self.headers.get('Content-Range', ''))
        if part and (int(part[1]) != len(state.uploads[session]) or
                     int(part[2]) - int(part[1]) + 1 != len(self.body)):
            self.error(416, 'BLOB_UPLOAD_INVALID')
            return
        state.uploads[session] += self.body
        if self.command == 'PUT':
            self.store(repo, digest, bytes(state.uploads.pop(session)))
            return
        self.answer(202, b'', {'Location': self.path, 'Range':
                               f'0-{len(state.uploads[session]) - 1}'})

    def store(self, repo, digest, data):
        # "trusting" is a registry that believes what it is told.
        if not self.state.options.trusting and \
                digest_of(data, digest) != digest:
            self.error(400, 'DIGEST_INVALID')
            return
        self.state.log({'method': 'STORED', 'path': digest, 'status': 0,
                        'right': digest_of(data, digest) == digest})
        self.state.blobs[repo, digest] = data
        self.answer(201, b'', {'Docker-Content-Digest': digest})

    def referrers(self, repo, digest):
        if not self.state.options.referrers:
            self.error(404, 'NOT_FOUND')
            return
        found = {}
        for (where, _), (kind, data) in self.state.manifests.items():
            document = json.loads(data)
            if where == repo and document.get('subject', {}).get(
                    'digest') == digest:
                found[digest_of(data)] = {
                    'mediaType': kind, 'digest': digest_of(data),
                    'size': len(data)}
        self.answer(200, json.dumps({
            'schemaVersion': 2, 'mediaType': INDEX,
            'manifests': list(found.values())}), {'Content-Type': INDEX})


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass                    # a connection that was dropped on purpose


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--log', required=True)
    parser.add_argument('--port-file', required=True)
    parser.add_argument('--faults')
    parser.add_argument('--auth', choices=('none', 'basic', 'bearer'),
                        default='none')
    parser.add_argument('--user', default='', help='USER:PASSWORD')
    parser.add_argument('--realm', help='of the bearer challenge')
    parser.add_argument('--token-lives', type=float, default=300)
    parser.add_argument('--mount', default='yes',
                        choices=('yes', 'ignore', 'refuse', 'missing',
                                 'links'),
                        help='missing: 404 where others open an upload; '
                        'links: the blob is away while its link is written')
    parser.add_argument('--single-post', action='store_true')
    parser.add_argument('--global-head', action='store_true',
                        help='HEAD of a blob answers for all repositories')
    parser.add_argument('--check-blobs', action='store_true',
                        help='a manifest needs its blobs in its repository')
    parser.add_argument('--no-range', action='store_true')
    parser.add_argument('--referrers', action='store_true')
    parser.add_argument('--trusting', action='store_true')
    parser.add_argument('--keep-parts', action='store_true')
    parser.add_argument('--chunk-min', help='OCI-Chunk-Min-Length')
    parser.add_argument('--address', default='127.0.0.1')
    parser.add_argument('--tls', help='file with certificate and key')
    parser.add_argument('--tls-clients', help='who signs theirs')
    parser.add_argument('--tls-old', action='store_true', help='no TLS 1.2')
    options = parser.parse_args()
    open(options.log, 'w', encoding='utf-8').close()
    Handler.state = State(options)
    server = Server((options.address, 0), Handler)
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if options.tls_clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(options.tls_clients)
        context.load_cert_chain(options.tls)
        if options.tls_old:
            context.set_ciphers('DEFAULT:@SECLEVEL=0')
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False)
    with open(options.port_file + '.new', 'w', encoding='utf-8') as f:
        f.write(str(server.server_address[1]))
    os.rename(options.port_file + '.new', options.port_file)
    server.serve_forever()


main()
