"""Cuts TCP connections of another process, as a network that resets them would.

The kernel lends us a copy of the other's socket (pidfd_getfd, Linux 5.6) and we shut it down: both
ends see a connection that has ended. No proxy has to stand between, so addresses stay as they are.
"""

import contextlib
import ctypes
import os
import socket

import psutil

_PIDFD_GETFD = 438
_libc = ctypes.CDLL(None, use_errno=True)


def cut(pid: int, ports: frozenset[int]) -> int:
    """Cut the process's connections to these ports of servers; how many there were.

    Raises PermissionError when the system does not let us.
    """
    handle = os.pidfd_open(pid)
    try:
        found = [
            one.fd
            for one in psutil.Process(pid).net_connections("tcp")
            if one.status == psutil.CONN_ESTABLISHED and one.raddr.port in ports
        ]
        return sum(_cut(handle, descriptor) for descriptor in found)
    finally:
        os.close(handle)


def _cut(handle: int, descriptor: int) -> bool:
    copy = _libc.syscall(_PIDFD_GETFD, handle, descriptor, 0)
    if copy < 0:
        number = ctypes.get_errno()
        if number == 1:
            raise PermissionError(number, "pidfd_getfd is not allowed here")
        return False  # closed meanwhile
    with socket.socket(fileno=copy) as lent, contextlib.suppress(OSError):
        lent.shutdown(socket.SHUT_RDWR)
        return True
    return False
