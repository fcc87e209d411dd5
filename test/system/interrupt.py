"""Where a run is, seen from outside: the rows of its journal as they are written, without a lock of theirs.

    watch = Journal(machine)
    job = machine.start(["suture", "apply", "--yes"])
    if watch.wait(7, job):          # seven rows are on the disk
        job.kill()                  # or machine.power_off()

The kernel tells when a file in the state folder changed; then the database is copied with its log and the copy is
read, so that nothing that SQLite does in the machine is disturbed."""
import ctypes
import os
import select
import shutil
import sqlite3
import tempfile
import time

IN_MODIFY, IN_CREATE, IN_MOVED_TO, IN_CLOSE_WRITE = 0x2, 0x100, 0x80, 0x8
COLUMNS = ("what", "run", "kind", "state", "part", "note")


class Journal:
    def __init__(self, machine, folder="/var/lib/suture"):
        self.machine, self.folder = machine, machine.path(folder)
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.queue = self.libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self.queue < 0 or self.libc.inotify_add_watch(self.queue, self.folder.encode(), IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE) < 0:
            raise OSError(ctypes.get_errno(), "inotify")

    def close(self):
        os.close(self.queue)

    def rows(self):
        """Dicts of all rows that are on the disk now."""
        with tempfile.TemporaryDirectory() as copy:
            for name in ("journal.db", "journal.db-wal", "journal.db-journal"):
                try:
                    shutil.copyfile(os.path.join(self.folder, name), os.path.join(copy, name))
                except FileNotFoundError:
                    continue
            if not os.path.exists(os.path.join(copy, "journal.db")):
                return []
            try:
                database = sqlite3.connect(os.path.join(copy, "journal.db"))
                found = database.execute(f"SELECT {', '.join(COLUMNS)} FROM event ORDER BY seq").fetchall()
                database.close()
            except sqlite3.DatabaseError:
                return []     # it is being made, or was copied in the middle of a change: the next event tells
            return [dict(zip(COLUMNS, row)) for row in found]

    def wait(self, count, job, timeout=120):
        """Until there are so many rows; False: the job ended before."""
        end = time.monotonic() + timeout
        watch = os.pidfd_open(job.child.pid)
        try:
            while len(self.rows()) < count:
                ready = select.select([self.queue, watch], [], [], end - time.monotonic())[0]
                if self.queue in ready:
                    os.read(self.queue, 1 << 16)
                elif watch in ready:
                    return len(self.rows()) >= count
                else:
                    raise AssertionError(f"{count} rows were not written in {timeout} s: {self.rows()}")
            return True
        finally:
            os.close(watch)
