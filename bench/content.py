#!/usr/bin/env python3
"""What the images of a list consist of.  LIST has one reference a line, all of
one registry; HOST/REPOSITORY is where they were copied to, or shall be.

    content.py check LIST HOST/REPOSITORY [TAG]
        Does the repository hold every manifest, byte for byte, and every blob
        in its size?  A TAG with %d names each image's tag, one without an
        index that lists all images.

    content.py blobs LIST HOST/REPOSITORY
        The same for the blobs alone.

    content.py requests LIST HOST/REPOSITORY PREFIX
        Write the requests of a first copy, for build/bench/loop: the blobs
        into PREFIX.1, the manifests of platforms into PREFIX.2, the indexes
        into PREFIX.3.
"""
import hashlib
import http.client
import json
import sys

MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
INDEX = 'application/vnd.oci.image.index.v1+json'
ACCEPT = f'{INDEX}, {MANIFEST}'


class Registry:
    def __init__(self, host):
        self.host = host
        self.connection = http.client.HTTPConnection(host, timeout=60)

    def ask(self, method, path):
        self.connection.request(method, path, headers={'Accept': ACCEPT})
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            sys.exit(f'content: {method} {self.host}{path}: {answer.status}')
        return answer, body


def digest(data):
    return 'sha256:' + hashlib.sha256(data).hexdigest()


class Content:
    """All of a list, each digest once."""

    def __init__(self, path):
        with open(path, encoding='utf-8') as lines:
            references = lines.read().split()
        self.source = Registry(references[0].split('/')[0])
        self.images = []        # digests, in the order of the list
        self.manifests = {}     # digest: (repository, bytes)
        self.blobs = {}         # digest: (repository, size)
        for reference in references:
            repo, tag = reference.split('/', 1)[1].rsplit(':', 1)
            self.images.append(self.manifest(repo, tag))

    def manifest(self, repo, reference):
        if reference in self.manifests:
            return reference
        _, data = self.source.ask('GET', f'/v2/{repo}/manifests/{reference}')
        document = json.loads(data)
        self.manifests[digest(data)] = repo, data
        for child in document.get('manifests', []):
            self.manifest(repo, child['digest'])
        blobs = document.get('layers', [])
        if 'config' in document:
            blobs.append(document['config'])
        for blob in blobs:
            self.blobs[blob['digest']] = repo, blob['size']
        return digest(data)


def check_blobs(content, target, repo):
    for name, (_, size) in content.blobs.items():
        answer, _ = target.ask('HEAD', f'/v2/{repo}/blobs/{name}')
        if answer.getheader('Content-Length') != str(size):
            sys.exit(f'content: {name} is not of {size} bytes')


def check_manifests(content, target, repo):
    for name, (_, data) in content.manifests.items():
        _, got = target.ask('GET', f'/v2/{repo}/manifests/{name}')
        if got != data:
            sys.exit(f'content: {name} is another')


def check_tags(content, target, repo, tag):
    if '%d' not in tag:
        _, got = target.ask('GET', f'/v2/{repo}/manifests/{tag}')
        there = [e['digest'] for e in json.loads(got)['manifests']]
        if sorted(there) != sorted(content.images):
            sys.exit(f'content: {tag} lists other images')
        return
    for number, name in enumerate(content.images):
        _, got = target.ask('GET', f'/v2/{repo}/manifests/{tag % number}')
        if digest(got) != name:
            sys.exit(f'content: {tag % number} is not {name}')


def requests(content, host, repo, prefix):
    source = f'http://{content.source.host}/v2'
    target = f'http://{host}/v2/{repo}'
    with open(prefix + '.1', 'w', encoding='ascii') as out:
        # The largest first, as ace-dt does.
        for name, (place, size) in sorted(content.blobs.items(),
                                          key=lambda blob: -blob[1][1]):
            out.write(f'GET {source}/{place}/blobs/{name} {size}\n'
                      f'POST {target}/blobs/uploads/\n'
                      f'PUT {name} {size}\n\n')
    for kind, suffix in ((MANIFEST, '.2'), (INDEX, '.3')):
        with open(prefix + suffix, 'w', encoding='ascii') as out:
            for name, (place, data) in content.manifests.items():
                if json.loads(data)['mediaType'] == kind:
                    out.write(
                        f'GET {source}/{place}/manifests/{name} {len(data)} '
                        f'{kind}\n'
                        f'PUT {target}/manifests/{name} {len(data)} {kind}\n'
                        '\n')


def main():
    command, path, where = sys.argv[1:4]
    host, repo = where.split('/', 1)
    content = Content(path)
    if command == 'requests':
        requests(content, host, repo, sys.argv[4])
        return
    check_blobs(content, Registry(host), repo)
    if command == 'check':
        check_manifests(content, Registry(host), repo)
        if len(sys.argv) > 4:
            check_tags(content, Registry(host), repo, sys.argv[4])


main()
