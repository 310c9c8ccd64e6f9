"""Says what becomes of each connection string of a list in JSON, in libpq, whose library is the first argument."""
import ctypes
import json
import sys

libpq = ctypes.CDLL(sys.argv[1])
libpq.PQconnectdb.restype = ctypes.c_void_p
for function in (libpq.PQstatus, libpq.PQsslInUse, libpq.PQfinish):
    function.argtypes = [ctypes.c_void_p]


def outcome(text):
    connection = libpq.PQconnectdb(text.encode())
    if libpq.PQstatus(connection) != 0:
        said = 'refused'
    else:
        said = 'encrypted' if libpq.PQsslInUse(connection) else 'plain'
    libpq.PQfinish(connection)
    return said


json.dump([outcome(text) for text in json.load(sys.stdin)], sys.stdout)
