#!/usr/bin/env python3
"""TLS in front of a server that does not speak it, such as a proxy.

Connections go on to 127.0.0.1:UPSTREAM.  The port is written to a file, and for
each connection a line to a log: the common name of the certificate that the
client has shown, "none" where it has shown none, "refused" without a handshake.
"""
import argparse
import os
import socket
import ssl
import threading


def copy(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def name_of(connection):
    shown = connection.getpeercert() or {}
    for field in shown.get('subject', ()):
        for key, value in field:
            if key == 'commonName':
                return value
    return 'none'


def serve(connection, context, options):
    try:
        connection = context.wrap_socket(connection, server_side=True)
        said = name_of(connection)
    except OSError:
        said = 'refused'
    with open(options.log, 'a', encoding='utf-8') as f:
        f.write(said + '\n')
    if said == 'refused':
        return
    with socket.create_connection(('127.0.0.1', options.upstream)) as up:
        back = threading.Thread(target=copy, args=(up, connection),
                                daemon=True)
        back.start()
        copy(connection, up)
        back.join()
    connection.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--log', required=True)
    parser.add_argument('--port-file', required=True)
    parser.add_argument('--upstream', type=int, required=True)
    parser.add_argument('--cert', required=True)
    parser.add_argument('--key', required=True)
    parser.add_argument('--clients', required=True, help='who signs theirs')
    options = parser.parse_args()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.cert, options.key)
    context.load_verify_locations(options.clients)
    context.verify_mode = ssl.CERT_OPTIONAL
    open(options.log, 'w', encoding='utf-8').close()
    with socket.create_server(('127.0.0.1', 0)) as server:
        with open(options.port_file + '.new', 'w', encoding='utf-8') as f:
            f.write(str(server.getsockname()[1]))
        os.rename(options.port_file + '.new', options.port_file)
        while True:
            connection, _ = server.accept()
            threading.Thread(target=serve, daemon=True,
                             args=(connection, context, options)).start()


main()
