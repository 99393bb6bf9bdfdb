#!/usr/bin/env python3
"""Fill a registry for the benchmarks, the same bytes on every run.

    seed.py HOST small N    N two-platform images bench/img0:1 …, 620 distinct
                            blobs for N = 100, 20 layers of them shared
    seed.py HOST large MB   one image bench/large:1 of MB megabytes in 8 layers

Prints the references, one a line.
"""
import hashlib
import http.client
import json
import random
import sys
import zlib

MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
INDEX = 'application/vnd.oci.image.index.v1+json'
CONFIG = 'application/vnd.oci.image.config.v1+json'
LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip'
LAYERS = 8
CHUNK = 100000


class Registry:
    def __init__(self, host):
        self.host = host
        self.connection = http.client.HTTPConnection(host, timeout=60)

    def ask(self, method, path, body=None, **headers):
        headers = {k.replace('_', '-'): v for k, v in headers.items()}
        self.connection.request(method, path, body=body, headers=headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            sys.exit(f'seed: {method} {path}: {answer.status} {text[:200]}')
        return answer

    def blob(self, repo, digest, body, size):
        answer = self.ask('POST', f'/v2/{repo}/blobs/uploads/', b'')
        where = answer.getheader('Location')
        where = where[where.index('/v2/'):]
        sep = '&' if '?' in where else '?'
        self.ask('PUT', f'{where}{sep}digest={digest}', body,
                 Content_Type='application/octet-stream',
                 Content_Length=str(size))
        return {'digest': digest, 'size': size}

    def manifest(self, repo, reference, document, media_type):
        data = json.dumps(document, separators=(',', ':')).encode()
        self.ask('PUT', f'/v2/{repo}/manifests/{reference or digest(data)}',
                 data, Content_Type=media_type)
        return {'mediaType': media_type, 'digest': digest(data),
                'size': len(data)}


def digest(data):
    return 'sha256:' + hashlib.sha256(data).hexdigest()


def image(registry, repo, tag, arch, number, layers):
    config = json.dumps({'architecture': arch, 'os': 'linux',
                         'number': number, 'rootfs': {
                             'type': 'layers', 'diff_ids': [],
                         }}).encode()
    document = {
        'schemaVersion': 2, 'mediaType': MANIFEST,
        'config': {'mediaType': CONFIG, **registry.blob(
            repo, digest(config), config, len(config))},
        'layers': [{'mediaType': LAYER, **layer} for layer in layers],
    }
    return registry.manifest(repo, tag, document, MANIFEST)


def layer(source, size):
    return b''.join(stored([source.randbytes(size)]))


def small(registry, count):
    source = random.Random(7)
    shared = [layer(source, 20000) for _ in range(20)]
    for i in range(count):
        repo = f'bench/img{i}'
        children = []
        for arch in ('amd64', 'arm64'):
            contents = [layer(source, source.choice((5000, 30000, 100000)))
                        for _ in range(2)] + [shared[i % 20]]
            layers = [registry.blob(repo, digest(c), c, len(c))
                      for c in contents]
            child = image(registry, repo, None, arch, i, layers)
            child['platform'] = {'architecture': arch, 'os': 'linux'}
            children.append(child)
        registry.manifest(repo, '1', {
            'schemaVersion': 2, 'mediaType': INDEX, 'manifests': children,
        }, INDEX)
        print(f'{registry.host}/{repo}:1')


def stored(blocks):
    """gzip without compression: what is no gzip, skopeo would compress."""
    packer = zlib.compressobj(0, zlib.DEFLATED, 31)
    for block in blocks:
        yield packer.compress(block)
    yield packer.flush()


def zeros(number, size):
    """Layers of zeros, each of its own digest."""
    block = bytes(CHUNK)
    yield from stored([b'layer %d' % number] +
                      [block] * (size // CHUNK))


def large(registry, megabytes):
    layers = []
    for number in range(LAYERS):
        amount = megabytes * 1000000 // LAYERS
        total = hashlib.sha256()
        size = 0
        for block in zeros(number, amount):
            total.update(block)
            size += len(block)
        layers.append(registry.blob(
            'bench/large', 'sha256:' + total.hexdigest(),
            zeros(number, amount), size))
    image(registry, 'bench/large', '1', 'amd64', 0, layers)
    print(f'{registry.host}/bench/large:1')


def main():
    host, kind, amount = sys.argv[1:]
    {'small': small, 'large': large}[kind](Registry(host), int(amount))


main()
