#!/usr/bin/env python3
"""Kill a gather at random moments: the old tag must stand, the next run must
complete the work.

    kill.py BUILD [-n MOMENTS] [-s SEED]

BUILD is the folder of the programs.  The first moment has SEED, the next one
SEED + 1, and so on; a moment that fails is shown with what repeats it.

For each moment a destination, an OCI layout or a repository of a real registry,
holds what the list v1 gathers.  A gather of the list v2 is started, and one of
its processes, or all of them, get a signal: after a part of the time that an
undisturbed run takes, or after some line of its events.  Then

- every process of the run ends by itself, soon;
- the status is 0 only if the new tag is there, and a failure is explained;
- the tag names the old index or the new one, and all below it is there;
- in a layout every file is what its name says;
- the same command succeeds, with the digest of an undisturbed run, and leaves
  nothing in a layout that does not belong there.

Only processes that this program started get signals.  All traffic is loopback.
"""
import argparse
import collections
import ctypes
import hashlib
import http.client
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

INDEX = 'application/vnd.oci.image.index.v1+json'
MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
CONFIG = 'application/vnd.oci.image.config.v1+json'
LAYER = 'application/vnd.oci.image.layer.v1.tar'
REF_NAME = 'org.opencontainers.image.ref.name'
TAG = 'sync'
SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
VARIANTS = [[], [], ['-p', 'linux/amd64'], ['--verify']]
END_SECONDS = 5         # no process of a run that was hit may live longer
RUN_SECONDS = 60
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
libc = ctypes.CDLL(None)


class Wrong(Exception):
    """What must not be."""


def digest_of(data):
    return 'sha256:' + hashlib.sha256(data).hexdigest()


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def write(path, text):
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)


# --- Content ----------------------------------------------------------------

class Maker:
    """Makes images in an OCI layout."""

    def __init__(self, path):
        self.path = path
        self.tags = []
        os.makedirs(f'{path}/blobs/sha256')
        write(f'{path}/oci-layout', '{"imageLayoutVersion":"1.0.0"}')

    def put(self, data, media_type):
        name = digest_of(data)
        with open(f'{self.path}/blobs/sha256/{name[7:]}', 'wb') as f:
            f.write(data)
        return {'mediaType': media_type, 'digest': name, 'size': len(data)}

    def put_json(self, document, media_type):
        return self.put(json.dumps(document).encode(), media_type)

    def platform(self, arch, layers):
        config = self.put_json({'architecture': arch, 'os': 'linux',
                                'of': [d['digest'] for d in layers]}, CONFIG)
        image = self.put_json({'schemaVersion': 2, 'mediaType': MANIFEST,
                               'config': config, 'layers': layers}, MANIFEST)
        return image | {'platform': {'architecture': arch, 'os': 'linux'}}

    def image(self, tag, common, size):
        """Two platforms; the one of amd64 has a layer of that size."""
        rng = random.Random(tag)
        big = self.put(rng.randbytes(size), LAYER)
        small = self.put(rng.randbytes(700), LAYER)
        index = self.put_json(
            {'schemaVersion': 2, 'mediaType': INDEX,
             'manifests': [self.platform('amd64', common + [big]),
                           self.platform('arm64', common + [small])]}, INDEX)
        self.tags.append(index | {'annotations': {REF_NAME: tag}})
        write(f'{self.path}/index.json', json.dumps(
            {'schemaVersion': 2, 'manifests': self.tags}))


# --- Destinations -----------------------------------------------------------

def check_below(get, name):
    """All below a manifest is there and is what it is called."""
    seen = set()
    todo = [(name, True)]
    while todo:
        name, is_manifest = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        data = get(name, is_manifest)
        if data is None:
            raise Wrong(f'{name} is missing')
        if digest_of(data) != name:
            raise Wrong(f'{name} is another')
        if is_manifest:
            document = json.loads(data)
            todo += [(d['digest'], True)
                     for d in document.get('manifests', [])]
            todo += [(d['digest'], False)
                     for d in document.get('layers', [])]
            if 'config' in document:
                todo.append((document['config']['digest'], False))


class Layout:
    kind = 'layout'

    def __init__(self, path, template=None):
        self.path = path
        self.image = f'oci:{path}:{TAG}'
        if template is not None:
            shutil.copytree(template.path, path)

    def get(self, name, _):
        try:
            return read(f'{self.path}/blobs/sha256/{name[7:]}')
        except FileNotFoundError:
            return None

    def tag(self):
        index = json.loads(read(f'{self.path}/index.json'))
        names = [d['digest'] for d in index['manifests']
                 if d['annotations'][REF_NAME] == TAG]
        if len(names) != 1:
            raise Wrong(f'the tag stands {len(names)} times')
        return names[0]

    def check(self, clean):
        for name in os.listdir(f'{self.path}/blobs/sha256'):
            if self.get('sha256:' + name, False) is None or \
                    digest_of(self.get('sha256:' + name, False))[7:] != name:
                raise Wrong(f'the file {name} is not what it is called')
        there = sorted(os.listdir(self.path))
        if clean and there != ['blobs', 'index.json', 'oci-layout']:
            raise Wrong(f'left in the layout: {there}')

    def remove(self):
        shutil.rmtree(self.path)


class Registry:
    """Debian's docker-registry."""

    def __init__(self, path):
        self.data = f'{path}/data'
        os.makedirs(path)
        for _ in range(9):
            self.host = f'127.0.0.1:{random.randrange(20000, 60000)}'
            write(f'{path}/config.yml', json.dumps(
                {'version': 0.1, 'log': {'level': 'error',
                                         'accesslog': {'disabled': True}},
                 'storage': {'filesystem': {'rootdirectory': self.data}},
                 'http': {'addr': self.host}}))
            with open(f'{path}/log', 'wb') as log:
                self.process = subprocess.Popen(
                    ['docker-registry', 'serve', f'{path}/config.yml'],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    preexec_fn=end_with_parent)
            if self.answers():
                return
            self.stop()
        sys.exit('kill: docker-registry does not start:\n' +
                 read(f'{path}/log').decode())

    def answers(self):
        until = time.monotonic() + 10
        while time.monotonic() < until and self.process.poll() is None:
            try:
                self.ask('GET', '/v2/')
                return self.process.poll() is None
            except OSError:
                time.sleep(0.02)
        return False

    def ask(self, method, path):
        connection = http.client.HTTPConnection(self.host, timeout=20)
        connection.request(method, path, headers={
            'Accept': f'{INDEX}, {MANIFEST}'})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, data

    def folder(self, repo):
        return f'{self.data}/docker/registry/v2/repositories/{repo}'

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Repository:
    kind = 'registry'

    def __init__(self, registry, name, template=None):
        self.registry = registry
        self.name = name
        self.image = f'{registry.host}/{name}:{TAG}'
        if template is not None:
            # It keeps nothing in memory of what its files say.
            shutil.copytree(registry.folder(template.name),
                            registry.folder(name))

    def get(self, name, is_manifest):
        kind = 'manifests' if is_manifest else 'blobs'
        status, data = self.registry.ask(
            'GET', f'/v2/{self.name}/{kind}/{name}')
        if status not in (200, 404):
            raise Wrong(f'{status} for {name}')
        return data if status == 200 else None

    def tag(self):
        data = self.get(TAG, True)
        if data is None:
            raise Wrong('the tag is gone')
        return digest_of(data)

    def check(self, clean):
        """What is in the registry's own folder is its own affair."""

    def remove(self):
        shutil.rmtree(self.registry.folder(self.name))


# --- Processes --------------------------------------------------------------

def end_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def members(session):
    """(pid, is a zombie) of every process of a session, in order."""
    found = []
    for entry in os.listdir('/proc'):
        if not entry.isdigit():
            continue
        try:
            stat = read(f'/proc/{entry}/stat').decode(errors='replace')
        except OSError:
            continue
        fields = stat[stat.rindex(')') + 2:].split()
        if int(fields[3]) == session:
            found.append((int(entry), fields[0] == 'Z'))
    return sorted(found)


class Run:
    """A gather in a session of its own; its events come through a FIFO."""

    def __init__(self, tester, variant, image, home):
        fifo = f'{tester.folder}/events'
        self.events = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        self.lines = 0
        self.last = b''
        self.stderr = tempfile.TemporaryFile()
        self.stdout = tempfile.TemporaryFile()
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [f'{tester.build}/ace-dt', 'mirror', 'gather',
             f'{tester.folder}/v2', image, '--debug', fifo] + variant,
            stdin=subprocess.DEVNULL, stdout=self.stdout, stderr=self.stderr,
            env=tester.environment | {'HOME': home}, start_new_session=True)
        self.pid = self.process.pid

    def time(self):
        return time.monotonic() - self.began

    def read_events(self, seconds):
        """Wait this long for events; without a writer there are none."""
        if select.select([self.events], [], [], seconds)[0]:
            data = os.read(self.events, 65536)
            self.lines += data.count(b'\n')
            if data:
                self.last = data
            else:
                time.sleep(0.001)

    def wait_for(self, moment):
        """Until the moment, or the end of the run."""
        kind, value = moment
        while self.process.poll() is None and self.time() < RUN_SECONDS:
            if kind == 'time':
                left = value - self.time()
                if left <= 0:
                    return
                self.read_events(min(left, 0.005))
            elif self.lines >= value:
                return
            else:
                self.read_events(0.005)

    def stages(self):
        return [pid for pid, zombie in members(self.pid)
                if pid != self.pid and not zombie]

    def hit(self, signo, victim, rng):
        """Returns what was hit, in words."""
        stages = self.stages()
        if self.process.poll() is not None:
            return 'nobody: it was over'
        if victim == 'all':
            os.killpg(self.pid, signo)
            return 'all processes'
        if victim == 'stage' and stages:
            pid = rng.choice(stages)
            try:
                name = read(f'/proc/{pid}/comm').decode().strip()
                os.kill(pid, signo)
                return name
            except (OSError, ProcessLookupError):
                return 'nobody: the stage was over'
        os.kill(self.pid, signo)
        return 'ace-dt'

    def end(self, seconds):
        """Until no process of the run is left."""
        until = time.monotonic() + seconds
        while True:
            self.read_events(0.002)
            status = self.process.poll()
            left = []
            for pid, zombie in members(self.pid):
                if pid == self.pid:
                    continue
                if zombie and status is not None:
                    reap(pid)       # ours, since its parent is gone
                elif not zombie:
                    left.append(pid)
            if status is not None and not left:
                break
            if time.monotonic() > until:
                self.kill()
                raise Wrong(f'after {seconds} s still there: {left}, ace-dt '
                            f'{"runs" if status is None else "is gone"}')
        self.close()
        return status

    def kill(self):
        """The test has failed: nothing may stay."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        for pid, _ in members(self.pid):
            reap(pid)
        self.close()

    def close(self):
        os.close(self.events)
        self.stdout.seek(0)
        self.stderr.seek(0)
        self.output = self.stdout.read().decode()
        self.message = self.stderr.read().decode()
        self.stdout.close()
        self.stderr.close()


def reap(pid):
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


# --- The test ---------------------------------------------------------------

class Tester:
    def __init__(self, build, folder):
        self.build = build
        self.folder = folder
        self.registries = []
        self.ends = 0           # the slowest end of a run that was hit
        self.outcomes = collections.Counter()
        self.environment = {
            name: value for name, value in os.environ.items()
            if not name.startswith(('ACE_DT_', 'ACEDT_', 'XDG_', 'DOCKER_',
                                    'REGISTRY_')) and
            not name.lower().endswith('_proxy')}
        self.environment['ACE_DT_CONFIG'] = f'{folder}/config.yaml'
        os.mkfifo(f'{folder}/events')
        os.mkdir(f'{folder}/home')

    def start(self):
        for name in 'src', 'dst':
            self.registries.append(Registry(f'{self.folder}/{name}'))
        self.source, self.target = self.registries
        write(f'{self.folder}/config.yaml', json.dumps(
            {'registryConfig': {'registries': {
                r.host: {'endpoints': [f'http://{r.host}']}
                for r in self.registries}}}))
        self.make_content()
        self.templates = [Layout(f'{self.folder}/template'),
                          Repository(self.target, 'template')]
        shutil.copy(f'{self.folder}/v1', f'{self.folder}/v2')
        self.old = {d.kind: self.undisturbed(d, [])[0]
                    for d in self.templates}
        shutil.copy(f'{self.folder}/new', f'{self.folder}/v2')
        self.calibrate()

    def stop(self):
        for registry in self.registries:
            registry.stop()

    def make_content(self):
        maker = Maker(f'{self.folder}/images')
        base = maker.put(random.Random('base').randbytes(60000), LAYER)
        other = maker.put(random.Random('other').randbytes(900), LAYER)
        for tag, size in ('a', 5000), ('b', 400000), ('c', 90000), \
                ('c2', 1500000), ('d', 4000000), ('e', 20000), ('f', 800):
            maker.image(tag, [base] if tag < 'd' else [base, other], size)
        for tag in 'a', 'b', 'c', 'c2', 'd':
            subprocess.run(
                ['skopeo', 'copy', '-q', '--all', '--preserve-digests',
                 '--dest-tls-verify=false', f'oci:{self.folder}/images:{tag}',
                 f'docker://{self.source.host}/team/app:{tag}'], check=True)
        remote = f'{self.source.host}/team/app'
        local = f'oci:{self.folder}/images'
        write(f'{self.folder}/v1', f'{remote}:a\n{remote}:b,n=1\n'
              f'{remote}:c\n{local}:f\n')
        write(f'{self.folder}/new', f'{remote}:a\n{remote}:b,n=2\n'
              f'{remote}:c2\n{remote}:d\n{local}:e\n{local}:f\n')

    def undisturbed(self, destination, variant, home='home'):
        """Digest, duration and lines of events of a run that succeeds."""
        run = Run(self, variant, destination.image, f'{self.folder}/{home}')
        status = run.end(RUN_SECONDS)
        took = run.time()
        if status != 0:
            raise Wrong(f'undisturbed it ends with status {status}:\n'
                        f'{run.message}')
        name = run.output.strip().rpartition('@')[2]
        if destination.tag() != name:
            raise Wrong(f'it says {name}, the tag is {destination.tag()}')
        destination.check(True)
        check_below(destination.get, name)
        return name, took, run.lines

    def fresh(self, kind, name):
        """A destination at which v1 is published."""
        if kind == 'layout':
            return Layout(f'{self.folder}/{name}', self.templates[0])
        return Repository(self.target, name, self.templates[1])

    def calibrate(self):
        self.want, self.span, self.events = {}, {}, {}
        for kind in 'layout', 'registry':
            for variant in VARIANTS:
                key = kind, tuple(variant)
                destination = self.fresh(kind, 'undisturbed')
                name, took, lines = self.undisturbed(destination, variant)
                destination.remove()
                if self.want.setdefault(tuple(variant), name) != name or \
                        name == self.old[kind]:
                    raise Wrong(f'{key}: {name}')
                self.span[key] = took
                self.events[key] = lines
                print(f'# {kind} {" ".join(variant)}: {took * 1000:.0f} ms, '
                      f'{lines} events', flush=True)

    def moment(self, seed):
        """Returns None, or what went wrong."""
        rng = random.Random(seed)
        kind = rng.choice(['layout', 'registry'])
        variant = rng.choice(VARIANTS)
        key = kind, tuple(variant)
        when = ('time', rng.uniform(0, self.span[key])) \
            if rng.random() < 0.5 else \
            ('event', rng.randint(1, self.events[key]))
        victim = rng.choice(['front-end', 'stage', 'stage', 'all'])
        signo = rng.choice(SIGNALS)
        home = rng.choice(['home', f'home-{seed}'])     # with a cache or not
        destination = self.fresh(kind, f'moment-{seed}')
        os.makedirs(f'{self.folder}/{home}', exist_ok=True)
        what = f'{kind} {" ".join(variant)}'.strip()
        at = f'{when[1] * 1000:.1f} ms' if when[0] == 'time' else \
            f'event {when[1]}'
        hit = victim
        run = None
        try:
            run = Run(self, variant, destination.image,
                      f'{self.folder}/{home}')
            run.wait_for(when)
            hit = run.hit(signo, victim, rng)
            began = time.monotonic()
            status = run.end(END_SECONDS)
            self.ends = max(self.ends, time.monotonic() - began)
            which = self.judge(run, status, hit, signo, destination,
                               self.old[kind], self.want[tuple(variant)])
            self.outcomes[hit.split(':')[0], which] += 1
            self.complete(destination, variant, home)
        except Wrong as error:
            message = run.message if run is not None and \
                run.process.poll() is not None else ''
            return (f'{what}, {at}, {signo.name} to {hit}: {error}\n'
                    f'  repeat it: make kill SEED={seed} N=1\n' +
                    ''.join(f'  | {line}\n' for line in message.split('\n')
                            if line))
        finally:
            destination.remove()
            if home != 'home':
                shutil.rmtree(f'{self.folder}/{home}')
        return None

    @staticmethod
    def judge(run, status, hit, signo, destination, old, new):
        """After the hit.  Returns which tag there is: old or new."""
        name = destination.tag()
        if name not in (old, new):
            raise Wrong(f'the tag names {name}')
        destination.check(False)
        check_below(destination.get, name)
        if status == 0 and (name != new or new not in run.output):
            raise Wrong('status 0, but the tag is the old one')
        if status < 0 and -status != signo:
            raise Wrong(f'ace-dt ended by signal {-status}')
        if status < 0 and hit not in ('ace-dt', 'all processes'):
            raise Wrong('the signal was for another')
        killed = signo == signal.SIGKILL and hit in ('ace-dt',
                                                     'all processes')
        if status != 0 and not killed and 'signal' not in run.message:
            # A signal so early that nothing was set up yet needs no words.
            if status >= 0 or run.stages() or run.lines > 0:
                raise Wrong(f'status {status} is not explained')
        if 'anitizer' in run.message:
            raise Wrong('a sanitizer complains')
        return 'old' if name == old else 'new'

    def complete(self, destination, variant, home):
        name, _, _ = self.undisturbed(destination, variant, home)
        if name != self.want[tuple(variant)]:
            raise Wrong(f'the next run ended with {name}')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('build')
    parser.add_argument('-n', type=int, default=500)
    parser.add_argument('-s', type=int, default=None)
    args = parser.parse_args()
    first = args.s if args.s is not None else random.randrange(1000000)
    # Ours to give, so that the programs see them.
    for signo in SIGNALS[1:]:
        signal.signal(signo, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # Stages whose parent was killed become our children.
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix='acedt-kill.') as folder:
        tester = Tester(os.path.abspath(args.build), folder)
        try:
            tester.start()
            print(f'# seeds {first} to {first + args.n - 1}', flush=True)
            began = time.monotonic()
            for seed in range(first, first + args.n):
                wrong = tester.moment(seed)
                passed += wrong is None
                failed += wrong is not None
                if wrong is not None:
                    print(f'not ok {seed}: {wrong}', flush=True)
        finally:
            tester.stop()
        took = time.monotonic() - began
    for (hit, which), count in sorted(tester.outcomes.items()):
        print(f'# {count:4d} hit {hit}, then the {which} tag')
    print(f'# {took:.0f} s, {took / max(args.n, 1):.2f} s a moment; all were '
          f'gone after at most {tester.ends * 1000:.0f} ms')
    print(f'{passed} passed, {failed} failed')
    sys.exit(failed > 0 or passed == 0)


main()
