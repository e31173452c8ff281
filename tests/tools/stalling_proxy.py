#!/usr/bin/env python3
"""A proxy for TCP on a free port of loopback, or of ADDRESS, whose first transfers stop.

usage: stalling_proxy.py HOST:PORT BYTES COUNT [down|up|cut [ADDRESS]]

The port is printed first.  Of the first COUNT connections that bring more than
BYTES, no more than BYTES are passed on; then a line "stalled" is printed, and
the connection stays open until the client closes it.  All others are whole.
What counts is what the server sends (down) or the client (up); with "cut" it is
the client's, and the connection is closed instead.
"""
import socket
import sys
import threading

host, port = sys.argv[1].split(':')
limit, count = int(sys.argv[2]), int(sys.argv[3])
how = sys.argv[4] if len(sys.argv) > 4 else 'down'
lock = threading.Lock()


def may_stall():
    global count
    with lock:
        count -= 1
        return count >= 0


def say(text):
    with lock:
        print(text, flush=True)


def cut(*sockets):
    for s in sockets:
        s.shutdown(socket.SHUT_RDWR)


def pump_up(client, server):
    passed, stall = 0, None
    try:
        while data := client.recv(65536):
            if passed + len(data) > limit and stall is None and how != 'down':
                stall = may_stall()
            if stall:
                server.sendall(data[:limit - passed])
                say('stalled')
                if how == 'cut':
                    cut(client, server)
                return
            server.sendall(data)
            passed += len(data)
        server.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def pump_down(server, client):
    passed, stall = 0, None
    try:
        while data := server.recv(65536):
            if passed + len(data) > limit and stall is None and how == 'down':
                stall = may_stall()
            if stall:
                client.sendall(data[:limit - passed])
                say('stalled')
                return  # both sockets stay open: serve() has them
            client.sendall(data)
            passed += len(data)
        client.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(client):
    server = socket.create_connection((host, int(port)))
    up = threading.Thread(target=pump_up, args=(client, server), daemon=True)
    up.start()
    pump_down(server, client)
    up.join()
    client.close()
    server.close()


address = sys.argv[5] if len(sys.argv) > 5 else '127.0.0.1'
listener = socket.create_server((address, 0))
say(listener.getsockname()[1])
while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
