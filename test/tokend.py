#!/usr/bin/env python3
"""A token service for docker-registry, with the habits of the real ones.

/token answers GET (service, scopes, Basic) and POST (the form of OAuth2:
password or refresh_token).  With --key and --cert a token is a JWT that
docker-registry takes ("auth: token"; service "registry", issuer "tokend",
the certificate as rootcertbundle).  What is asked for and not granted is left
out of the token without a word; a wrong password is a 401.

docker-registry lets a token live for a minute beyond its end.  Where that is
too long, --guard URL makes this program a proxy before a docker-registry
without auth: it looks at each token itself and to the second, and passes on
the rest, to the letter.  A token needs no key then, and is some text.

The port goes to --port-file, or else to stdout.  Each request is a line of
JSON in the log, written before it is answered: method, path, query and form
(lists of values by name), headers (with names Like-This), status (0: it broke
off), and "proxied": true for what was passed on.
"""
import argparse
import base64
import binascii
import fnmatch
import http.client
import http.server
import json
import os
import re
import secrets
import signal
import socketserver
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

SERVICE = 'registry'
ISSUER = 'tokend'
BLOCK = 65536
# What is between two neighbours on the way, RFC 9110, 7.6.1.
HOP_BY_HOP = ('connection', 'keep-alive', 'transfer-encoding', 'expect', 'te',
              'trailer', 'upgrade')


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def parse_scopes(values):
    """[(type, name, [action…])…] of scope parameters; one may hold several."""
    scopes = []
    for scope in ' '.join(values).split():
        kind, _, rest = scope.partition(':')
        name, _, actions = rest.rpartition(':')     # a name may have a port
        scopes.append((kind, name, actions.split(',')))
    return scopes


class Refused(Exception):
    def __init__(self, status, code):
        super().__init__(code)
        self.status = status
        self.code = code


class Service:
    """Who gets what, and the tokens that are out."""

    def __init__(self, options):
        self.options = options
        self.lock = threading.Lock()
        self.users = dict(one.split(':', 1) for one in options.user)
        self.refresh = {}       # refresh token -> name
        for one in options.refresh:
            name, token = one.split(':', 1)
            self.refresh[token] = name
        self.grants = []        # (name, glob, actions)
        for one in options.grant:
            name, rest = one.split(':', 1)
            glob, actions = rest.rsplit(':', 1)
            self.grants.append((name, glob, actions.split(',')))
        self.tokens = {}        # token -> (service, access, time of expiry)
        self.failures = options.fail_times if options.fail else 0
        self.chain = []
        if options.cert:
            with open(options.cert, encoding='ascii') as f:
                self.chain = [base64.b64encode(
                    ssl.PEM_cert_to_DER_cert(f.read())).decode()]

    def log(self, entry):
        with self.lock, open(self.options.log, 'a', encoding='utf-8') as f:
            f.write(json.dumps(entry) + '\n')

    def fails_now(self):
        """--fail, for the first --fail-times requests, or for all."""
        with self.lock:
            if self.failures == 0:
                return False
            self.failures -= 1      # it starts at -1 if it is for all
            return True

    # -- who ---------------------------------------------------------------

    def by_password(self, name, password):
        if name not in self.users or self.users[name] != password:
            raise Refused(401, 'UNAUTHORIZED')
        return name

    def by_basic(self, header):
        if header is None:
            return '-'
        kind, _, text = header.partition(' ')
        try:
            pair = base64.b64decode(text, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            pair = ''
        if kind.lower() != 'basic':
            raise Refused(401, 'UNAUTHORIZED')
        name, _, password = pair.partition(':')
        return self.by_password(name, password)

    def by_form(self, form):
        def one(field):
            return form.get(field, [''])[0]
        if one('grant_type') == 'password':
            return self.by_password(one('username'), one('password'))
        if one('grant_type') != 'refresh_token':
            raise Refused(400, 'UNSUPPORTED')
        with self.lock:
            if one('refresh_token') not in self.refresh:
                raise Refused(401, 'UNAUTHORIZED')
            return self.refresh[one('refresh_token')]

    def refresh_token(self, name):
        with self.lock:
            for token, owner in self.refresh.items():
                if owner == name:
                    return token
            token = secrets.token_urlsafe(30)
            self.refresh[token] = name
            return token

    # -- what --------------------------------------------------------------

    def may(self, name, repository, action):
        if not self.grants:
            # A service that knows no one serves everyone.
            return name != '-' or not (self.users or self.refresh)
        return any(name == who and fnmatch.fnmatchcase(repository, glob) and
                   (action in actions or '*' in actions)
                   for who, glob, actions in self.grants)

    def access(self, name, scopes):
        """What NAME gets of it, as the "access" of a token."""
        for _, repository, _ in scopes:
            if any(fnmatch.fnmatchcase(repository, glob)
                   for glob in self.options.refuse_unknown):
                raise Refused(403, 'DENIED')
        if self.options.single:
            scopes = scopes[:1]
        access = []
        for kind, repository, actions in scopes:
            actions = [a for a in actions if self.may(name, repository, a)]
            if actions:
                access.append({'type': kind, 'name': repository,
                               'actions': actions})
        return access

    def sign(self, claims):
        text = '.'.join(base64url(json.dumps(part).encode()) for part in (
            {'typ': 'JWT', 'alg': 'RS256', 'x5c': self.chain}, claims))
        signature = subprocess.run(
            ['openssl', 'dgst', '-sha256', '-sign', self.options.key],
            input=text.encode(), stdout=subprocess.PIPE, check=True).stdout
        return f'{text}.{base64url(signature)}'

    def issue(self, name, service, scopes, post, offline):
        """The document that answers a request for a token."""
        access = self.access(name, scopes)
        # A minute is what the specification says where nothing is said.
        lives = self.options.expires or 60
        now = time.time()
        if self.options.key:
            token = self.sign({
                'iss': ISSUER, 'sub': '' if name == '-' else name,
                'aud': service, 'exp': int(now) + lives, 'nbf': int(now) - 1,
                'iat': int(now), 'jti': secrets.token_hex(8),
                'access': access})
        else:
            token = secrets.token_urlsafe(60)
        with self.lock:
            self.tokens[token] = (service, access, time.monotonic() + lives)
        fields = {'token': ('token',), 'access_token': ('access_token',),
                  'both': ('token', 'access_token')}[
                      self.options.field or
                      ('access_token' if post else 'token')]
        document = {field: token for field in fields}
        if self.options.expires:
            document['expires_in'] = lives
            document['issued_at'] = time.strftime('%Y-%m-%dT%H:%M:%SZ',
                                                  time.gmtime(now))
        if post:
            document['scope'] = ' '.join(
                f'{a["type"]}:{a["name"]}:{",".join(a["actions"])}'
                for a in access)
        if offline and name != '-':
            document['refresh_token'] = self.refresh_token(name)
        return document

    # -- the guard ---------------------------------------------------------

    def judge(self, header, needed):
        """None if the token opens all that is needed, or else the error."""
        if header is None:
            return ''
        kind, _, token = header.partition(' ')
        with self.lock:
            service, access, until = self.tokens.get(token, ('', [], 0))
        if kind.lower() != 'bearer' or service != SERVICE or \
                time.monotonic() >= until:
            return 'invalid_token'
        for kind, name, actions in needed:
            held = {action for a in access for action in a['actions']
                    if (a['type'], a['name']) == (kind, name)}
            if not held.issuperset(actions) and '*' not in held:
                return 'insufficient_scope'
        return None


def needed_scopes(method, path, query):
    """What a request needs, as docker-registry has it."""
    if path == '/v2/_catalog':
        return [('registry', 'catalog', ['*'])]
    match = re.match(r'/v2/(.+)/(manifests|blobs|tags|referrers)/', path)
    if not match:
        return []
    actions = {'GET': ['pull'], 'HEAD': ['pull'], 'DELETE': ['delete']}.get(
        method, ['pull', 'push'])
    scopes = [('repository', match[1], actions)]
    for origin in query.get('from', []):    # a mount
        scopes.append(('repository', origin, ['pull']))
    return scopes


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    # Head and body of an answer are two writes: not 40 ms between them.
    disable_nagle_algorithm = True
    service = None

    def log_message(self, *args):
        pass

    # -- the body of a request ---------------------------------------------

    def handle_expect_100(self):
        self.expected = True    # said once the body is wanted
        return True

    def read_some(self, left):
        block = self.rfile.read1(min(left, BLOCK))
        if not block:
            raise ConnectionError('the client gave up')
        return block

    def body(self):
        """The body in pieces, as they come."""
        self.body_begun = True
        if self.expected:
            self.wfile.write(b'HTTP/1.1 100 Continue\r\n\r\n')
        if not self.chunked:
            left = self.length
            while left:
                block = self.read_some(left)
                left -= len(block)
                yield block
            return
        while True:
            line = self.rfile.readline(1000)
            if not line.endswith(b'\n'):
                raise ConnectionError('the client gave up')
            left = int(line.split(b';')[0], 16)
            if left == 0:
                break
            while left:
                block = self.read_some(left)
                left -= len(block)
                yield block
            self.rfile.readline(10)
        while self.rfile.readline(BLOCK) not in (b'\r\n', b'\n', b''):
            pass                # a trailer

    def drain(self):
        """Read what was not, or it would be taken for a request."""
        if not self.close_connection:
            for _ in self.pieces:
                pass

    # -- a request ---------------------------------------------------------

    def log(self, status, **more):
        headers = {}
        for name, value in self.headers.items():
            name = name.title()
            headers[name] = f'{headers[name]}, {value}' if name in headers \
                else value
        self.service.log({'method': self.command, 'path': self.where,
                          'query': self.query, 'form': self.form,
                          'headers': headers, 'status': status, **more})

    def answer(self, status, document, headers=None):
        self.log(status)
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        if self.expected and not self.body_begun:
            # Whether the client sends its body yet cannot be known.
            self.close_connection = True
            self.send_header('Connection', 'close')
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)
        self.drain()

    def error(self, status, code, headers=None):
        self.answer(status, {'errors': [
            {'code': code, 'message': code.lower().replace('_', ' ')}]},
            headers)

    def handle_one(self):
        self.chunked = 'chunked' in self.headers.get(
            'Transfer-Encoding', '').lower()
        self.length = int(self.headers.get('Content-Length', 0))
        self.body_begun = False
        self.pieces = self.body()
        url = urllib.parse.urlsplit(self.path)
        self.where = url.path
        self.query = urllib.parse.parse_qs(url.query, keep_blank_values=True)
        self.form = {}
        try:
            if url.path == '/token' and self.command in ('GET', 'POST'):
                self.token()
            elif self.service.options.guard:
                self.guard()
            else:
                self.error(404, 'NOT_FOUND')
        except (OSError, ValueError):
            self.close_connection = True    # someone gave up

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one

    def handle_one_request(self):
        self.expected = False   # of the last request on this connection
        super().handle_one_request()

    # -- tokens ------------------------------------------------------------

    def token(self):
        service = self.service
        options = service.options
        post = self.command == 'POST'
        if post:
            text = b''.join(self.pieces).decode(errors='replace')
            self.form = urllib.parse.parse_qs(text, keep_blank_values=True)
        if options.slow:
            time.sleep(options.slow)
        if service.fails_now():
            self.error(options.fail, 'UNAVAILABLE')
            return
        if post and options.no_post:
            self.error(404, 'NOT_FOUND')
            return
        fields = self.form if post else self.query
        try:
            if post:
                name = service.by_form(fields)
                offline = fields.get('access_type') == ['offline']
            else:
                name = service.by_basic(self.headers.get('Authorization'))
                offline = fields.get('offline_token') == ['true']
            document = service.issue(name, fields.get('service', [''])[0],
                                     parse_scopes(fields.get('scope', [])),
                                     post, offline)
        except Refused as refused:
            self.error(refused.status, refused.code)
            return
        self.answer(200, document)

    # -- the guard ---------------------------------------------------------

    def guard(self):
        needed = needed_scopes(self.command, urllib.parse.unquote(self.where),
                               self.query)
        error = self.service.judge(self.headers.get('Authorization'), needed)
        if error is not None:
            self.challenge(needed, error)
            return
        time.sleep(self.service.options.pace)
        # Its address is that of the proxy, and ends before the path.
        url = urllib.parse.urlsplit(self.service.options.guard)
        upstream = http.client.HTTPConnection(url.hostname, url.port)
        try:
            try:
                response = self.ask(upstream)
            except (OSError, ValueError, http.client.HTTPException):
                self.log(0, proxied=True)
                raise
            self.log(response.status, proxied=True)
            self.pass_back(response)
            self.drain()
        except http.client.HTTPException:
            self.close_connection = True
        finally:
            upstream.close()

    def challenge(self, needed, error):
        # What is before this server may speak TLS.
        scheme = self.headers.get('X-Forwarded-Proto', 'http')
        fields = {'realm': f'{scheme}://{self.headers["Host"]}/token',
                  'service': SERVICE,
                  'scope': ' '.join(f'{kind}:{name}:{",".join(actions)}'
                                    for kind, name, actions in needed),
                  'error': error}
        self.error(401, 'UNAUTHORIZED', {
            'Docker-Distribution-Api-Version': 'registry/2.0',
            'WWW-Authenticate': 'Bearer ' + ','.join(
                f'{name}="{value}"' for name, value in fields.items()
                if value)})

    def ask(self, upstream):
        # The path as it came, with all its escapes, and no field of Python's.
        upstream.putrequest(self.command, self.path, skip_host=True,
                            skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in HOP_BY_HOP:
                upstream.putheader(name, value)
        if self.chunked:
            upstream.putheader('Transfer-Encoding', 'chunked')
        upstream.endheaders()
        for block in self.framed():
            try:
                upstream.send(block)
            except (BrokenPipeError, ConnectionResetError):
                break           # it has answered and wants no more
        return upstream.getresponse()

    def framed(self):
        """The body as it goes upstream."""
        for block in self.pieces:
            yield b'%x\r\n%b\r\n' % (len(block), block) if self.chunked \
                else block
        if self.chunked:
            yield b'0\r\n\r\n'

    def pass_back(self, response):
        self.send_response_only(response.status, response.reason)
        for name, value in response.getheaders():
            if name.lower() == 'location':
                # docker-registry goes by Host; others may name themselves.
                value = value.removeprefix(self.service.options.guard)
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        if response.chunked:
            self.send_header('Transfer-Encoding', 'chunked')
        self.end_headers()
        if self.command == 'HEAD':
            return
        while block := response.read1(BLOCK):
            if response.chunked:
                block = b'%x\r\n%b\r\n' % (len(block), block)
            self.wfile.write(block)
        if response.chunked:
            self.wfile.write(b'0\r\n\r\n')
        if response.length:
            self.close_connection = True    # it broke off


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        # Connections may be dropped; anything else is a mistake in here.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def parse_options():
    parser = argparse.ArgumentParser()
    parser.add_argument('--log', required=True)
    parser.add_argument('--port-file')
    parser.add_argument('--key', help='an RSA key in PEM')
    parser.add_argument('--cert', help='its certificate')
    parser.add_argument('--user', action='append', default=[],
                        help='NAME:PASSWORD; without any, anonymous gets all')
    parser.add_argument('--grant', action='append', default=[],
                        help='NAME:REPOSITORY-GLOB:ACTIONS; "-" is anonymous,'
                        ' a "*" is any action, or any text with slashes')
    parser.add_argument('--refresh', action='append', default=[],
                        help='NAME:TOKEN')
    parser.add_argument('--expires', type=int, default=300,
                        help='seconds; 0: a minute, and no word of it')
    parser.add_argument('--field', choices=('token', 'access_token', 'both'),
                        help='of the answer; otherwise token for GET, '
                        'access_token for POST')
    parser.add_argument('--no-post', action='store_true')
    parser.add_argument('--slow', type=float, default=0)
    parser.add_argument('--pace', type=float, default=0,
                        help='seconds that --guard adds to a request')
    parser.add_argument('--fail', type=int, help='with this status')
    parser.add_argument('--fail-times', type=int, default=-1)
    parser.add_argument('--refuse-unknown', action='append', default=[],
                        help='REPOSITORY-GLOB: 403 if any scope has it')
    parser.add_argument('--single', action='store_true',
                        help='grant the first scope of a request only')
    parser.add_argument('--guard', type=lambda url: url.rstrip('/'),
                        help='http://HOST:PORT of a registry')
    # argparse would take "--grant -:app:pull" for two options.
    words = sys.argv[1:]
    while '--grant' in words[:-1]:
        i = words.index('--grant')
        words[i:i + 2] = ['--grant=' + words[i + 1]]
    options = parser.parse_args(words)
    if bool(options.key) != bool(options.cert) or \
            not (options.key or options.guard):
        parser.error('--key and --cert, or --guard')
    return options


def main():
    options = parse_options()
    open(options.log, 'w', encoding='utf-8').close()
    Handler.service = Service(options)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = Server(('127.0.0.1', 0), Handler)
    port = str(server.server_address[1])
    if options.port_file:
        with open(options.port_file + '.new', 'w', encoding='utf-8') as f:
            f.write(port)
        os.rename(options.port_file + '.new', options.port_file)
    else:
        print(port, flush=True)
    server.serve_forever()


main()
