#!/usr/bin/env python3
"""Run a command on a terminal of its own, and look at what that shows.

    screen.py [--size COLSxROWS] [--see REGEX DO]... -- COMMAND [ARG...]

The terminal is emulated as far as ace-dt's live lines use one; all that it has
shown and that was not overwritten is its text, what left the screen at the top
too.  As soon as that text matches the first REGEX as a whole, DO is done and
the next REGEX is waited for: "size COLSxROWS" changes the terminal's size,
anything else is for the shell.  What the terminal shows at the end goes to
standard output, and the status is the command's; 97 if it did not end, or
ended, before a REGEX matched.
"""
import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

PATIENCE = 40           # seconds for each thing that is waited for
TOKEN = re.compile(r'\033\[(\d*)([AJK])|([\r\n])|([^\033\x00-\x1f\x7f]+)')


class Terminal:
    def __init__(self, width, height):
        self.width, self.height = width, height
        self.rows = ['']
        self.wrapped = set()    # rows that the next one continues
        self.top = self.x = self.y = 0

    def feed(self, text):
        at = 0
        while at < len(text):
            token = TOKEN.match(text, at)
            if not token:
                # A sequence that is not all there, or one that is unknown.
                if re.fullmatch(r'\033(\[\d*)?', text[at:]):
                    return text[at:]
                sys.exit(f'screen.py: unknown to it: {text[at:at + 20]!r}')
            at = token.end()
            if token[2]:
                self.control(int(token[1] or 1), token[2])
            elif token[3] == '\r':
                self.x = 0
            elif token[3] == '\n':
                self.down()
            else:
                for letter in token[4]:
                    self.put(letter)
        return ''

    def control(self, count, what):
        if what == 'A':
            self.y = max(self.top, self.y - count)
            return
        self.cut(self.y, self.x)
        if what == 'J':
            for y in range(self.y + 1, len(self.rows)):
                self.cut(y, 0)

    def cut(self, y, x):
        self.rows[y] = self.rows[y][:x]
        self.wrapped.discard(y)

    def down(self):
        self.y += 1
        if self.y == len(self.rows):
            self.rows.append('')
        self.top = max(self.top, self.y - self.height + 1)

    def put(self, letter):
        if self.x == self.width:
            self.wrapped.add(self.y)
            self.x = 0
            self.down()
        row = self.rows[self.y].ljust(self.x)
        self.rows[self.y] = row[:self.x] + letter + row[self.x + 1:]
        self.x += 1

    def resize(self, width, height):
        """Break all lines again, as most terminals do."""
        rows, wrapped, at = self.rows, self.wrapped, (self.y, self.x)
        self.__init__(width, height)
        here = None
        for y, row in enumerate(rows):
            for x, letter in enumerate(row):
                if (y, x) == at:
                    here = self.y, self.x
                self.put(letter)
            if y == at[0] and here is None:
                here = self.y, self.x
            if y not in wrapped and y + 1 < len(rows):
                self.x = 0
                self.down()
        self.y, self.x = here

    def text(self):
        return '\n'.join(row.rstrip() for row in self.rows).rstrip('\n')


def parse(args):
    size, steps = (80, 24), []
    while args and args[0] != '--':
        if args[0] == '--size':
            size = tuple(map(int, args[1].split('x')))
            args = args[2:]
        elif args[0] == '--see':
            steps.append((args[1], args[2]))
            args = args[3:]
        else:
            sys.exit(__doc__)
    return size, steps, args[1:]


def set_size(fd, size):
    fcntl.ioctl(fd, termios.TIOCSWINSZ,
                struct.pack('HHHH', size[1], size[0], 0, 0))


def give_up(pid, why, terminal):
    os.killpg(pid, signal.SIGKILL)
    print(f'screen.py: {why}; the terminal shows\n{terminal.text()}',
          file=sys.stderr)
    sys.exit(97)


def main():
    size, steps, command = parse(sys.argv[1:])
    terminal = Terminal(*size)
    master, slave = pty.openpty()
    set_size(master, size)
    pid = os.fork()
    if pid == 0:
        os.close(master)
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(slave, fd)
        os.closerange(3, 100)
        os.environ['TERM'] = 'xterm'
        os.execvp(command[0], command)
    os.close(slave)
    decoder = codecs.getincrementaldecoder('utf-8')()
    until = time.monotonic() + PATIENCE
    rest = ''
    while True:
        if not select.select([master], [], [],
                             max(0, until - time.monotonic()))[0]:
            give_up(pid, f'{PATIENCE} s without ' + (
                steps[0][0] if steps else 'an end'), terminal)
        try:
            data = os.read(master, 65536)
        except OSError:
            break               # nobody has the terminal any more
        rest = terminal.feed(rest + decoder.decode(data))
        if steps and not rest and re.fullmatch(steps[0][0], terminal.text()):
            do = steps.pop(0)[1]
            until = time.monotonic() + PATIENCE
            if do.startswith('size '):
                size = tuple(map(int, do[5:].split('x')))
                terminal.resize(*size)
                set_size(master, size)
            else:
                subprocess.run(do, shell=True, check=True)
    if steps:
        give_up(pid, f'it ended without {steps[0][0]}', terminal)
    print(terminal.text())
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


main()
