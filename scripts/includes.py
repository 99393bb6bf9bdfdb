#!/usr/bin/env python3
"""Includes that a .c file does not need: it uses no name that the header has.

    includes.py FILE...

A name is a macro, a function, a struct, an enum or one of its values.  What the
header itself includes is not looked at, as a file includes what it uses; but
libjq and libcurl may be included by some headers only, which stand for them.
Prints "FILE: HEADER" for each include that could go.
"""
import os
import re
import sys

FENCED = {'jv': {'jv', 'jv_free'}, 'jq': {'jq_state'},
          'curl': {'CURL', 'CURLcode', 'CURLU'}}


def without_comments(path):
    with open(path, encoding='utf-8') as f:
        return re.sub(r'/\*.*?\*/', '', f.read(), flags=re.S)


def names_of(header):
    text = without_comments(header)
    names = set(re.findall(r'#define\s+(\w+)', text))
    names |= set(re.findall(r'\b(\w+)\s*\(', text))
    names |= set(re.findall(r'(?:struct|enum)\s+(\w+)\s*\{', text))
    for values in re.findall(r'enum\s*\w*\s*\{(.*?)\}', text, flags=re.S):
        names |= set(re.findall(r'\b([A-Z][A-Z0-9_]+)\b', values))
    for fenced in {'jv', 'jq', 'curl'} & set(re.findall(
            r'#include <(?:curl/)?(\w+)\.h>', text)):
        names |= FENCED[fenced]
    return names - {'__attribute__', 'format', 'sizeof'}


def main():
    known = {}
    for path in sys.argv[1:]:
        text = without_comments(path)
        used = set(re.findall(r'\w+', re.sub(r'#include.*', '', text)))
        for header in re.findall(r'#include "([^"]+)"', text):
            own = os.path.splitext(header)[0] == os.path.splitext(path)[0]
            if own or not os.path.exists(header):
                continue
            if header not in known:
                known[header] = names_of(header)
            if not known[header] & used:
                print(f'{path}: {header}')


if __name__ == '__main__':
    main()
